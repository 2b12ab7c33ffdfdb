"""What mail servers send when a mail could not be delivered, each in its own form: written after their formats."""

from typing import Final

POSTFIX: Final = """\
Return-Path: <>
Received: by mx.relay.example (Postfix)
\tid 4FZk2w1; Tue,  3 Mar 2026 10:15:02 +0000 (UTC)
Date: Tue,  3 Mar 2026 10:15:02 +0000 (UTC)
From: MAILER-DAEMON@relay.example (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
To: bounces@tenure.example
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="4FZk2w1.1772532902/mx.relay.example"
Message-Id: <20260303101502.4FZk2w1@mx.relay.example>

This is a MIME-encapsulated message.

--4FZk2w1.1772532902/mx.relay.example
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

This is the mail system at host mx.relay.example.

I'm sorry to have to inform you that your message could not
be delivered to one or more recipients.

<{recipient}>: host mail.bakery.example[192.0.2.7] said: 550 5.1.1
    <{recipient}>: Recipient address rejected: User unknown (in reply
    to RCPT TO command)

--4FZk2w1.1772532902/mx.relay.example
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.relay.example
X-Postfix-Queue-ID: 4FZk2w1
X-Postfix-Sender: rfc822; bounces@tenure.example
Arrival-Date: Tue,  3 Mar 2026 10:15:01 +0000 (UTC)

Final-Recipient: rfc822; {recipient}
Original-Recipient: rfc822;{recipient}
Action: failed
Status: 5.1.1
Remote-MTA: dns; mail.bakery.example
Diagnostic-Code: smtp; 550 5.1.1 <{recipient}>: Recipient address
    rejected: User unknown

--4FZk2w1.1772532902/mx.relay.example
Content-Description: Undelivered Message
Content-Type: message/rfc822

Return-Path: <bounces@tenure.example>
From: "Tenure" <no-reply@tenure.example>
To: "Ada" <{recipient}>
Subject: Your organisation will be deleted
Message-ID: {message_id}
Content-Type: multipart/alternative; boundary="===a=="
MIME-Version: 1.0

--===a==
Content-Type: text/plain; charset="utf-8"

Hello.
--===a==--

--4FZk2w1.1772532902/mx.relay.example--
"""

OFFICE_365: Final = """\
From: Microsoft Outlook <postmaster@bakery.example>
To: <bounces@tenure.example>
Date: Tue, 3 Mar 2026 10:15:03 +0000
Subject: Undeliverable: Your organisation will be deleted
Message-ID: <3c1b@AM0PR01.prod.outlook.example>
In-Reply-To: {message_id}
References: {message_id}
Auto-Submitted: auto-replied
X-MS-Exchange-Message-Sent-Representing-Type: 1
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
 boundary="0a5d--5c2e"

--0a5d--5c2e
Content-Type: multipart/alternative; differences=Content-Type;
 boundary="7b11--9f30"

--7b11--9f30
Content-Type: text/plain; charset="us-ascii"
Content-Transfer-Encoding: quoted-printable

Your message to {recipient} couldn't be delivered=2E

--7b11--9f30
Content-Type: text/html; charset="us-ascii"
Content-Transfer-Encoding: quoted-printable

<html><body>Your message couldn't be delivered=2E</body></html>

--7b11--9f30--

--0a5d--5c2e
Content-Type: message/delivery-status

Reporting-MTA: dns;AM0PR01.prod.outlook.example
Received-From-MTA: dns;mx.relay.example
Arrival-Date: Tue, 3 Mar 2026 10:15:02 +0000

Final-Recipient: rfc822;{recipient}
Action: failed
Status: 5.1.10
Diagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient {recipient} not found by SMTP address lookup

--0a5d--5c2e
Content-Type: message/rfc822

Received: from mx.relay.example (192.0.2.4) by AM0PR01.prod.outlook.example
From: "Tenure" <no-reply@tenure.example>
To: "Ada" <{recipient}>
Subject: Your organisation will be deleted
Message-ID: {message_id}
MIME-Version: 1.0
Content-Type: text/plain

Hello.

--0a5d--5c2e--
"""

GMAIL: Final = """\
Received: by 2002:a05:6402:1::1 with SMTP id x1; Tue, 03 Mar 2026 02:15:02 -0800 (PST)
Content-Type: multipart/report; boundary="000000000000a1b2c3"; report-type=delivery-status
To: bounces@tenure.example
Auto-Submitted: auto-replied
Subject: Delivery Status Notification (Failure)
References: {message_id}
In-Reply-To: {message_id}
X-Failed-Recipients: {recipient}
From: Mail Delivery Subsystem <mailer-daemon@mail.example>
Message-ID: <69a6.mail@mx.mail.example>
Date: Tue, 03 Mar 2026 02:15:02 -0800 (PST)

--000000000000a1b2c3
Content-Type: multipart/related; boundary="000000000000d4"

--000000000000d4
Content-Type: text/html; charset="UTF-8"

<html><body>Address not found</body></html>
--000000000000d4--
--000000000000a1b2c3
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.example
Arrival-Date: Tue, 03 Mar 2026 02:15:01 -0800 (PST)
X-Original-Message-ID: {message_id}

Final-Recipient: rfc822; {recipient}
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550-5.1.1 The email account that you tried to reach does not exist. Please try
 550-5.1.1 double-checking the recipient's email address for typos or
 550 5.1.1 unnecessary spaces.
Last-Attempt-Date: Tue, 03 Mar 2026 02:15:02 -0800 (PST)

--000000000000a1b2c3
Content-Type: message/rfc822

MIME-Version: 1.0
Message-ID: {message_id}
From: Tenure <no-reply@tenure.example>
To: {recipient}

----- Message truncated -----
--000000000000a1b2c3--
"""

EXIM: Final = """\
Return-path: <>
From: Mail Delivery System <Mailer-Daemon@mx.old.example>
To: bounces@tenure.example
X-Failed-Recipients: {recipient}
Auto-Submitted: auto-replied
Subject: Mail delivery failed: returning message to sender
Message-Id: <E1x@mx.old.example>
Date: Tue, 03 Mar 2026 11:15:02 +0100

This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  {recipient}
    SMTP error from remote mail server after RCPT TO:<{recipient}>:
    host mail.bakery.example [192.0.2.7]: 550 5.1.1 No such user here

------ This is a copy of the message, including all the headers. ------

Return-path: <bounces@tenure.example>
From: "Tenure" <no-reply@tenure.example>
To: "Ada" <{recipient}>
Message-ID: {message_id}
Subject: Your organisation will be deleted

Hello.
"""

HEADERS_ONLY: Final = """\
From: MAILER-DAEMON@relay.example
To: bounces@tenure.example
Subject: Returned mail: see transcript for details
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="u23AF2.1"

--u23AF2.1

The original message was received at Tue, 3 Mar 2026 10:15:01 GMT

--u23AF2.1
Content-Type: message/delivery-status

Reporting-MTA: dns; relay.example

Original-Recipient: rfc822;{recipient}
Final-Recipient: RFC822; mailbox-17@hosting.example
X-Actual-Recipient: RFC822; mailbox-17@hosting.example
Action: failed
Status: 5.2.2
Diagnostic-Code: SMTP; 552 5.2.2 mailbox-17@hosting.example: mailbox is full

--u23AF2.1
Content-Type: text/rfc822-headers

From: "Tenure" <no-reply@tenure.example>
To: <{recipient}>
Message-ID: {message_id}

--u23AF2.1--
"""

QMAIL: Final = """\
From: MAILER-DAEMON@q.example
To: bounces@tenure.example
Subject: failure notice

Hi. This is the qmail-send program at q.example.
I'm afraid I wasn't able to deliver your message to the following addresses.

<{recipient}>:
Sorry, no mailbox here by that name. (#5.1.1)

--- Below this line is a copy of the message.

Message-ID: {message_id}
"""
"""Its own format, which names neither the mail nor the recipient in a header: it is not read."""

STANDARD: Final = {
    "Postfix": (POSTFIX, "5.1.1"),
    "Office 365": (OFFICE_365, "5.1.10"),
    "Gmail": (GMAIL, "5.1.1"),
    "Exim": (EXIM, "5.1.1"),
    "headers only": (HEADERS_ONLY, "5.2.2"),
}
"""Forms that are read, each with the status that it gives."""


def report(message_id: str, recipient: str, *, form: str = POSTFIX, **changed: str) -> bytes:
    """A report in such a form, with passages changed: `Action="Action: delayed"` stands for the line of that field."""
    text = form.replace("{message_id}", message_id).replace("{recipient}", recipient)
    lines = text.split("\n")
    for field, instead in changed.items():
        lines = [instead if line.startswith(f"{field}:") else line for line in lines]
    return "\r\n".join(lines).encode()
