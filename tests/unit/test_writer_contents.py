"""Mails about trials: what each kind says, in English."""

import re
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from adapters.mail.writer import TemplateWriter
from tenure.contracts.catalogue import Carrier, Service
from tenure.contracts.notice import Mail, NoticeKind
from tests.deliveries import ATTEMPT, CONSENT_PAGE, Page, trial_delivery

write = TemplateWriter().write


def flat(mail: Mail) -> str:
    """The text on one line."""
    return " ".join(mail.text.split())


def test_what_a_consent_request_says() -> None:
    """Partner, services, deadline, both choices, that silence changes nothing, and who can answer (CO-04 to CO-09)."""
    mail = write(trial_delivery(NoticeKind.CONSENT_REQUEST))
    assert mail.subject == "“Kraków Telecom” asks for consent to a trial in “Nowak Bakery”: answer by 13 November 2026"
    text = flat(mail)
    assert "“Kraków Telecom” would like to start a trial in the organisation “Nowak Bakery”" in text
    assert "one full administrator of the organisation; any one is enough" in text
    assert "Services: Meetings and Calling" in text
    assert "Friday, 13 November 2026 Before 15:30 on that day, Central European Standard Time (GMT+01:00)" in text
    assert "\n10 days are left.\n" in mail.text
    assert "On it a full administrator can accept or decline." in text
    assert "which is not ticked. If you leave it so, the partner only sets up the services" in text
    assert "If you tick it, the partner can also manage the users and licences" in text
    assert "The organisation stays as it is, and no trial begins." in text
    assert "Only a full administrator of the organisation can answer." in text


@pytest.mark.parametrize("kind", [NoticeKind.TRIAL_ENDING, NoticeKind.TRIAL_EXPIRED])
def test_what_customers_are_told_of_the_end(kind: NoticeKind) -> None:
    """The end, what rests and what stays, until when, and what is lost then (NO-01, NO-02, GR-03 to GR-10, NR-01, NR-03)."""
    mail = write(trial_delivery(kind))
    text, until = flat(mail), {NoticeKind.TRIAL_ENDING: "10 December", NoticeKind.TRIAL_EXPIRED: "3 December"}[kind]
    assert "licences of the trial are suspended" in text
    assert "free messaging, free meetings and free calls" in text
    assert "All content stays reachable: messages, files and recordings." in text
    assert f"before 15:30 on {until} 2026, Central European Standard Time (GMT+01:00)." in text
    assert "nobody can restore them" in text
    assert "another licence for meetings then, the recordings" in text
    assert f"Buy a subscription\n{CONSENT_PAGE}\n" in mail.text
    without = write(trial_delivery(kind, services=(Service(key="calling", name="Calling"),)))
    assert "address of the meetings site" not in without.text
    kept = {NoticeKind.TRIAL_ENDING: "25 December", NoticeKind.TRIAL_EXPIRED: "18 December"}[kind]
    assert f"lose their roles. - Phone numbers are kept until {kept} 2026: if the organisation buys calling by" in text
    assert "Phone numbers" not in write(trial_delivery(kind, numbers_held_until=None)).text


@pytest.mark.parametrize("kind", [NoticeKind.TRIAL_ENDING_PARTNER, NoticeKind.TRIAL_EXPIRED_PARTNER])
def test_what_partners_are_told_of_the_end(kind: NoticeKind) -> None:
    """All their trials near the end, with customer, services, time left and whom to ask; of deletion not a word (NO-04, NO-10, PS-08, Q-28)."""
    mail = write(trial_delivery(kind))
    assert (
        "- Smith Dental\n  Services: Calling\n  Ended on 1 November 2026.\n"
        "  Can be extended or converted by 1 December 2026. 28 days are left.\n  Contact: Ada Smith, ada@smith.example\n"
    ) in mail.text
    if kind is NoticeKind.TRIAL_ENDING_PARTNER:
        assert (
            "- Nowak Bakery\n  Services: Meetings and Calling\n  Ends on 10 November 2026. 7 days are left.\n\n"
            in mail.text
        )
    assert re.search(r"The trial can be extended, or converted by an order, before 15:30 on \d+ December", mail.text)
    assert re.search("delet|mark|warn", mail.text) is None
    assert "Your trials" not in write(trial_delivery(kind, ending=())).text
    assert "more" not in mail.text
    assert "\n\n3 more are in the partner console.\n" in write(trial_delivery(kind, ending_left_off=3)).text


def test_what_users_are_told_when_access_is_gone() -> None:
    """Which services are gone, for good, and what stays, in an organisation that has bought others, too (NO-06, GR-07)."""
    mail = write(trial_delivery(NoticeKind.ACCESS_GONE))
    assert mail.subject == "No longer available to you: Meetings and Calling"
    assert "nobody can restore your access" in mail.text
    assert "You can go on using free messaging, free meetings and free calls." in mail.text
    assert "Services that the organisation has bought are not affected." in mail.text


@pytest.mark.parametrize(("kind", "subject"), [
    (NoticeKind.WELCOME, "Welcome: “Nowak Bakery” is ready"),
    (NoticeKind.TRIAL_STARTED, "A trial has started in “Nowak Bakery”"),
])  # fmt: skip
def test_what_is_said_of_a_beginning(kind: NoticeKind, subject: str) -> None:
    """That all is ready, what is on trial, until when, and where to sign in, as far as that is known (PV-03, TR-21)."""
    mail = write(trial_delivery(kind))
    assert mail.subject == subject
    assert "All services are ready to use." in mail.text
    assert "Services: Meetings and Calling\nEnd of the trial: Tuesday, 10 November 2026\n" in mail.text
    assert "Sign in to the admin console\nhttps://" in mail.text
    assert "End of the trial" not in write(trial_delivery(kind, ends_at=None)).text


def test_a_welcome_after_the_end_does_not_say_that_all_is_ready() -> None:
    """A mail server was down until the grace: the services rest, and the end that is told has passed (PV-03, TL-01)."""
    text = write(trial_delivery(NoticeKind.WELCOME, ends_at=ATTEMPT)).text
    assert "ready to use" not in text
    assert "you are its administrator.\n" in text
    assert "End of the trial: Tuesday, 3 November 2026\n" in text


@pytest.mark.parametrize(
    ("kind", "limit", "told"),
    [
        (NoticeKind.CONSENT_REQUEST, "deadline_at", "Last day to answer: Friday, 13 November 2026\nBefore 24:00 on"),
        (NoticeKind.TRIAL_EXPIRED, "grace_ends_at", "restore the licences: Friday, 13 November 2026\nBefore 24:00 on"),
        (NoticeKind.TRIAL_ENDING, "grace_ends_at", "before 24:00 on 13 November 2026"),
        (NoticeKind.TRIAL_EXPIRED, "numbers_held_until", "kept until 13 November 2026:"),
        (
            NoticeKind.TRIAL_EXPIRED_PARTNER,
            "grace_ends_at",
            "convert the trial: Friday, 13 November 2026\nBefore 24:00",
        ),
        (
            NoticeKind.DEVICE_AGREEMENT,
            "devices_due_at",
            "for the return: Friday, 13 November 2026\nBefore 24:00 on that",
        ),
    ],
)
def test_what_ends_at_midnight_has_the_day_before_as_its_last(kind: NoticeKind, limit: str, told: str) -> None:
    """On the 14th at 0:00 nobody can answer, buy or return any more: the 13th is the last day (CO-06, GR-05, DV-02)."""
    midnight = datetime(2026, 11, 14, tzinfo=ZoneInfo("Europe/Warsaw"))
    mail = write(trial_delivery(kind, ending=(), **{limit: midnight}))
    assert told in mail.text
    assert "14 November" not in mail.subject + mail.text
    if limit != "numbers_held_until" and kind is not NoticeKind.TRIAL_ENDING:
        assert [datetime.fromisoformat(instant or "") for instant in Page(mail.html).instants] == [midnight]


@pytest.mark.parametrize(
    ("zone", "at", "told"),
    [
        ("Europe/Warsaw", "2026-11-13T22:59:59.999999Z", "Friday, 13 November 2026\nBefore 23:59 on"),
        ("Europe/Warsaw", "2026-11-13T23:00:59.999999Z", "Friday, 13 November 2026\nBefore 24:00 on"),
        ("Europe/Warsaw", "2026-11-13T23:01:00Z", "Saturday, 14 November 2026\nBefore 00:01 on"),
        ("Asia/Kathmandu", "2028-02-28T18:15:30Z", "Monday, 28 February 2028\nBefore 24:00 on"),
        ("Asia/Kathmandu", "2028-02-29T18:15:30Z", "Tuesday, 29 February 2028\nBefore 24:00 on"),
        ("Pacific/Chatham", "2026-12-31T10:15:30Z", "Thursday, 31 December 2026\nBefore 24:00 on"),
        ("Asia/Beirut", "2027-03-27T22:00:00Z", "Saturday, 27 March 2027\nBefore 24:00 on"),
        ("America/Havana", "2026-11-01T05:00:00Z", "Sunday, 1 November 2026\nBefore 00:00 on"),
    ],
)
def test_the_last_day_is_told_to_the_minute(zone: str, at: str, told: str) -> None:
    """Whoever reads a limit in minutes is told the last day that has more than one left, in any zone (CO-06, TL-02).

    Nepal and the Chatham Islands are 45 minutes off the hour; clocks in Beirut skip the midnight of 28 March 2027, and in
    Havana the midnight of 1 November 2026 comes twice.
    """
    delivery = trial_delivery(NoticeKind.CONSENT_REQUEST, deadline_at=datetime.fromisoformat(at))
    text = write(delivery.model_copy(update={"time_zone": zone})).text
    assert f"Last day to answer: {told}" in text


def test_what_the_set_up_mail_says() -> None:
    """What was ordered, and what the page will ask: as whom, for which customer, and whether that is right (TC-15 to TC-17)."""
    text = write(trial_delivery(NoticeKind.SET_UP_SERVICES)).text
    assert "have been ordered and paid for. The order names you as the contact who sets them up." in text
    assert "1. Whether you act as the partner or as an administrator of the customer." in text
    assert "2. The e-mail address of an administrator of the organisation in which the trial ran." in text
    assert "so that the usage data of the trial are kept" in text


@pytest.mark.parametrize(
    ("carrier", "said"),
    [
        (Carrier.UPS, "Apply the return label that came in the box."),
        (Carrier.UPS, "Call UPS"),
        (Carrier.DHL, "Book a pickup with DHL."),
        (Carrier.EXPEDITORS, "Book a pickup with Expeditors."),
        (Carrier.GUIDE, "The return guide for your country says who"),
    ],
)
def test_what_the_device_mail_says(carrier: Carrier, said: str) -> None:
    """Both dates of the devices, that they are no dates of the services, and the way back by carrier (DV-01 to DV-07)."""
    mail = write(trial_delivery(NoticeKind.DEVICE_AGREEMENT, carrier=carrier))
    assert said in mail.text
    assert "End of the device trial: 10 November 2026\n" in mail.text
    assert "Last day for the return: Tuesday, 24 November 2026\n" in mail.text
    assert "It stays the same when the trial of the services is extended, cancelled or converted." in flat(mail)
    assert "Devices have to be returned even if the services are bought." in flat(mail)
    assert len(re.findall(r"UPS|DHL|Expeditors", mail.text)) == (0 if carrier is Carrier.GUIDE else 1)
