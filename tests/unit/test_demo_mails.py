"""What the demonstration checks of all mails that have arrived, and how its picture takes trials."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from adapters.postgres.simulation import Change
from tenure.contracts.notice import Notice, NoticeKind, NoticeState
from tenure.contracts.trial import TrialState
from tenure.ids import OrganisationId, PersonId
from workers.demo.mails import Arrived, faults
from workers.demo.picture import Holder, Phase
from workers.demo.script import START


def day(number: float) -> datetime:
    """An instant of the simulation."""
    return START + timedelta(days=number)


def change(number: float, action: str, **fields: Any) -> Change:
    """An entry of the audit about the trial `trl_a`."""
    details = {"trial_id": "trl_a"} | fields.pop("details", {})
    given = {"from_state": None, "to_state": None, "reason": None, "subject": "org_a"} | fields
    return Change(at=day(number), action=action, details=details, **given)


def notice(kind: NoticeKind, cycle: int = 1, **fields: Any) -> Notice:
    """A notice that was accepted: about the organisation, where it is a warning, else about its trial."""
    given = {
        "notice_id": "0" * 36,
        "organisation_id": OrganisationId("org_a"),
        "subject": "org_a" if kind is NoticeKind.DELETION_WARNING else "trl_a",
        "recipient": PersonId("per_ada"),
        "message_id": f"<{kind}-{cycle}@example>",
        "state": NoticeState.ACCEPTED,
    } | fields
    return Notice(kind=kind, cycle=cycle, **given)


def mail(number: float, about: Notice, not_before: datetime | None = None) -> Arrived:
    """A mail as it arrived."""
    return Arrived(at=day(number), to="ada@a.example", notice=about, not_before=not_before)


def found(history: list[Change], *mails: Arrived) -> list[str]:
    """The faults of these mails, whose notices are all that there are."""
    return list(faults(history, mails, {each.notice.message_id: each.notice for each in mails}))


STARTED = change(0, "trial_started")


@pytest.mark.parametrize(
    ("between", "cycle", "right"),
    [
        ([], 1, True),
        ([change(10, "services_bought")], 1, True),
        ([change(10, "trial_extended")], 1, False),
        ([change(10, "trial_extended")], 2, True),
        ([change(10, "trial_converted")], 1, False),
        ([change(10, "trial_cancelled")], 1, False),
        ([change(30, "trial_converted")], 1, True),
    ],
)
@pytest.mark.parametrize("kind", [NoticeKind.TRIAL_ENDING, NoticeKind.TRIAL_EXPIRED_PARTNER, NoticeKind.ACCESS_GONE])
def test_mails_of_an_end_that_was_none(kind: NoticeKind, between: list[Change], cycle: int, *, right: bool) -> None:
    """A mail about an end that had been moved, bought or cancelled by then is found, and no other (TC-04, TC-11, TC-20)."""
    assert (found([STARTED, *between], mail(23, notice(kind, cycle))) == []) is right


def test_every_notice_arrives_once() -> None:
    """A second copy, a mail that never came, and one that was not to be sent are found (XC-02, NO-08)."""
    told = notice(NoticeKind.TRIAL_ENDING)
    once = mail(23, told)
    assert found([STARTED], once) == []
    assert len(found([STARTED], once, once)) == 1
    assert len(list(faults([STARTED], [], {told.message_id: told}))) == 1
    dropped = notice(NoticeKind.TRIAL_ENDING, state=NoticeState.DROPPED)
    assert len(found([STARTED], mail(23, dropped))) == 1


def test_promises_of_mails() -> None:
    """A fence before the promise of a warning, and a promise in a mail of another kind, are found (P6, SF-01)."""
    warning = mail(30, notice(NoticeKind.DELETION_WARNING), day(60))
    fenced = change(59, "fenced", reason="unused", details={"trial_id": None})
    assert found([], warning) == []
    assert len(found([fenced], warning)) == 1
    assert found([fenced.model_copy(update={"at": day(60)})], warning) == []
    assert found([fenced.model_copy(update={"reason": "own_request"})], warning) == []
    assert len(found([], mail(1, notice(NoticeKind.WELCOME), day(60)))) == 1
    assert len(found([], mail(30, notice(NoticeKind.DELETION_WARNING)))) == 1


def test_trials_in_the_picture() -> None:
    """A new customer appears with its trial, rests in grace, and is live once it has bought something (TR-12, GR-01)."""
    holder = Holder(state=None)
    assert holder.phase is None
    seen: list[Phase | None] = []
    for step in (
        change(0, "created", to_state="live"),
        change(0, "trial_started", to_state=TrialState.ACTIVE),
        change(0, "licences_active", to_state="active", reason="trial_started", details={"licence_set_id": "lic_a"}),
        change(30, "licences_suspended", to_state="suspended", details={"licence_set_id": "lic_a"}),
        change(40, "licences_active", to_state="active", reason="converted", details={"licence_set_id": "lic_b"}),
    ):
        holder.apply(step)
        seen.append(holder.phase)
    assert seen == [Phase.LIVE, Phase.LIVE, Phase.TRIAL, Phase.GRACE, Phase.LIVE]
