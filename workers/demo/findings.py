"""What a simulation leaves behind, gathered and checked: the timeline, the mails, the receipts, the audit."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Final

from temporalio.client import Client

from adapters.mail.message import NOT_BEFORE
from adapters.postgres.simulation import Change, PostgresSimulation
from tenure import names
from tenure.client import Tenure
from tenure.contracts.base import Contract, Instant
from tenure.contracts.erasure import ErasureCause
from tenure.contracts.process import ReconcileContract, ReconcileInput
from tenure.receipt import Chain
from workers.demo.timeline import Entry
from workers.stack.mailbox import StoredMail

_SUBJECTS: Final = ("org_", "breaker:")
_SHOWN: Final = ("licence_set_id", "partner_id", "recordings")
"""Details of the audit that tell what an entry is about."""


class Warned(Contract):
    """A deletion warning as it arrived."""

    at: Instant
    to: str
    organisation_id: str
    subject: str
    not_before: Instant
    """The promise that it prints."""


def warnings(mails: Sequence[StoredMail], organisations: dict[str, str]) -> list[Warned]:
    """Read the mails that the server accepted; `organisations` says whose an address is."""
    return [
        Warned(
            at=parsedate_to_datetime(str(mail.message["Date"])),
            to=mail.recipients[0],
            organisation_id=organisations[mail.recipients[0]],
            subject=mail.subject,
            not_before=datetime.fromisoformat(str(mail.message[NOT_BEFORE])),
        )
        for mail in mails
    ]


def entries(history: Sequence[Change], mails: Sequence[Warned], seen: Sequence[Entry]) -> list[Entry]:
    """The one timeline: what the audit says, what arrived by mail, what the world outside saw."""
    audited = [
        Entry(at=change.at, subject=change.subject, what=change.action.replace("_", " "), why=_why(change))
        for change in history
        if change.subject.startswith(_SUBJECTS)
    ]
    arrived = [
        Entry(
            at=mail.at,
            subject=mail.organisation_id,
            what="mail accepted",
            why=f"{mail.to}: not before {mail.not_before.isoformat(timespec='minutes')}",
        )
        for mail in mails
    ]
    return sorted([*audited, *arrived, *seen], key=lambda entry: entry.at)


def _why(change: Change) -> str:
    details = [str(change.details[name]) for name in _SHOWN if name in change.details]
    if "recipients" in change.details:
        details.append(f"mail to {change.details['recipients']}")
    return ": ".join([*details, *([change.reason] if change.reason else [])])


async def faults(
    tenure: Tenure, client: Client, simulation: PostgresSimulation, history: Sequence[Change], mails: Sequence[Warned]
) -> AsyncIterator[str]:
    """Check what must hold whatever the timeline says; answers what does not, a sentence each."""
    for fault in _broken_promises(history, mails):
        yield fault
    chain = Chain()
    async for receipt in tenure.receipts.chain():
        for fault in chain.follow(receipt):
            yield f"A receipt does not verify: {fault} (SF-07)."
    erased = sum(change.action == "erased" for change in history)
    if chain.sequence != erased:
        yield f"{erased} organisations were erased, with {chain.sequence} receipts (SF-07)."
    for subject in await simulation.broken_chains():
        yield f"The audit of {subject} is not the chain it was written as (P14)."
    repair = await client.execute_workflow(
        ReconcileContract.run, ReconcileInput(), id="reconcile-after-the-demo", task_queue=names.TASK_QUEUE
    )
    if repair.restarted or repair.missing or repair.orphaned or repair.overdue:
        yield f"The repair found something to do: {repair.model_dump_json()} (EV-03)."


def _broken_promises(history: Sequence[Change], mails: Sequence[Warned]) -> list[str]:
    """Nothing is done before the date printed in the last mail (P6, SF-01)."""
    broken = []
    for change in history:
        if change.action == "fenced" and change.reason == ErasureCause.UNUSED:
            told = [mail for mail in mails if mail.organisation_id == change.subject and mail.at <= change.at]
            broken += [
                f"{change.subject} was fenced at {change.at}, before {mail.not_before}, which {mail.to} was told (P6)."
                for mail in told
                if mail.not_before > change.at
            ]
    return broken
