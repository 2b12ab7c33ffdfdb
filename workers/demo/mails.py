"""The mails of a simulation as they arrived, each with what the ledger said of it; and what must hold of all of them."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Final

from adapters.mail.message import NOT_BEFORE
from adapters.postgres.simulation import Change
from tenure.contracts.base import Contract, Instant
from tenure.contracts.erasure import ErasureCause
from tenure.contracts.notice import Notice, NoticeKind, NoticeState
from tenure.policy.trial_mail import OF_AN_END
from workers.stack.mailbox import StoredMail

_NEW_END: Final = frozenset({"trial_started", "trial_extended"})
_OVER: Final = frozenset({"trial_converted", "trial_cancelled"})


class Arrived(Contract):
    """A mail as it arrived."""

    at: Instant
    to: str
    notice: Notice
    not_before: Instant | None = None
    """The promise that it prints: of a deletion warning, and of no other mail (SF-01)."""

    @property
    def told(self) -> str:
        """What it says, in a few words."""
        if self.not_before is not None:
            return f"not before {self.not_before.isoformat(timespec='minutes')}"
        return f"{self.notice.kind.replace('_', ' ')}, {self.notice.subject}"


def arrived(mails: Sequence[StoredMail], notices: Mapping[str, Notice]) -> list[Arrived]:
    """Read the mails that the server accepted; `notices` has the ledger's row of each, by its Message-ID."""
    return [
        Arrived(
            at=parsedate_to_datetime(str(mail.message["Date"])),
            to=mail.recipients[0],
            notice=notices[str(mail.message["Message-ID"])],
            not_before=datetime.fromisoformat(str(mail.message[NOT_BEFORE])) if NOT_BEFORE in mail.message else None,
        )
        for mail in mails
    ]


def faults(history: Sequence[Change], mails: Sequence[Arrived], notices: Mapping[str, Notice]) -> Iterator[str]:
    """What does not hold, a sentence each."""
    yield from _broken_promises(history, mails)
    yield from _not_one_each(mails, notices)
    yield from _after_the_end(history, mails)


def _broken_promises(history: Sequence[Change], mails: Sequence[Arrived]) -> Iterator[str]:
    """Nothing is done before the date printed in the last mail (P6, SF-01), and nothing but a warning prints one."""
    for mail in mails:
        if (mail.notice.kind is NoticeKind.DELETION_WARNING) != (mail.not_before is not None):
            yield f"{mail.to} was sent a {mail.notice.kind} with the promise {mail.not_before} (SF-01)."
    for change in history:
        if change.action == "fenced" and change.reason == ErasureCause.UNUSED:
            for mail in mails:
                promised = mail.not_before if mail.notice.subject == change.subject and mail.at <= change.at else None
                if promised is not None and promised > change.at:
                    yield f"{change.subject} was fenced at {change.at}, before {promised}, which {mail.to} was told (P6)."


def _not_one_each(mails: Sequence[Arrived], notices: Mapping[str, Notice]) -> Iterator[str]:
    """A notice that was accepted has arrived once, and no other has (XC-02, NO-08)."""
    copies = Counter(mail.notice.message_id for mail in mails)
    for notice in notices.values():
        wanted = 1 if notice.state is NoticeState.ACCEPTED else 0
        if (found := copies[notice.message_id]) != wanted:
            yield f"{found} mails of the {notice.state} {notice.kind} about {notice.subject} to {notice.recipient} (XC-02)."


def _after_the_end(history: Sequence[Change], mails: Sequence[Arrived]) -> Iterator[str]:
    """Nobody is told of an end that was moved, or of a trial that was bought or cancelled (TC-04, TC-11, TC-20)."""
    for mail in mails:
        if mail.notice.kind not in OF_AN_END | {NoticeKind.ACCESS_GONE}:
            continue
        before = [
            change.action
            for change in history
            if change.details.get("trial_id") == mail.notice.subject and change.at <= mail.at
        ]
        if _OVER.intersection(before) or mail.notice.cycle != sum(action in _NEW_END for action in before):
            yield f"{mail.to} was sent a {mail.notice.kind} of {mail.notice.subject} that was true no more (TC-20)."
