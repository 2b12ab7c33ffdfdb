"""What a simulation leaves behind, gathered and checked: the timeline, the mails, the receipts, the audit."""

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Final

from temporalio.client import Client

from adapters.postgres.simulation import Change, PostgresSimulation
from tenure import names
from tenure.client import Tenure
from tenure.contracts.notice import Notice
from tenure.contracts.process import ReconcileContract, ReconcileInput
from tenure.receipt import Chain
from workers.demo import mails as post
from workers.demo.mails import Arrived
from workers.demo.timeline import Entry

_SUBJECTS: Final = ("org_", "breaker:", "list/")
_SHOWN: Final = (
    *("licence_set_id", "partner_id", "trial_id", "access", "service", "order_id", "package", "role"),
    *("from_package", "to_package", "from_role", "to_role", "add_on"),
)
"""Details of the audit that tell what an entry is about."""
_MADE_UP: Final = re.compile(r"[a-z]+_[0-9a-f]{32}")
"""An id that Tenure has made: it tells nobody anything, and is another at each run."""
_LISTED: Final = ("services", "added", "removed", "dropped")
_COUNTED: Final = (
    *("recordings", "people", "given", "taken", "numbers", "devices", "days"),
    *("sites", "without_call_in", "items", "change", "entries"),
)


def entries(
    history: Sequence[Change], mails: Sequence[Arrived], seen: Sequence[Entry], names: Mapping[str, str]
) -> list[Entry]:
    """The one timeline: what the audit says, what arrived by mail, what the world outside saw.

    `names` says what organisations are called whose ids are others at each run.
    """
    audited = [
        Entry(at=change.at, subject=change.subject, what=change.action.replace("_", " "), why=_why(change))
        for change in history
        if change.subject.startswith(_SUBJECTS)
    ]
    arrived = [
        Entry(
            at=mail.at,
            subject=mail.notice.organisation_id,
            what="mail accepted",
            why=f"{mail.to}: {mail.told}",
        )
        for mail in mails
    ]
    return [
        entry.model_copy(update={"subject": names.get(entry.subject, entry.subject)})
        for entry in sorted([*audited, *arrived, *seen], key=lambda entry: entry.at)
    ]


def _why(change: Change) -> str:
    details = [str(change.details[name]) for name in _SHOWN if name in change.details]
    details = [detail for detail in details if _MADE_UP.fullmatch(detail) is None]
    details += [f"{name} {' '.join(change.details[name])}" for name in _LISTED if change.details.get(name)]
    details += [f"{name} {change.details[name]}" for name in _COUNTED if name in change.details]
    if "recipients" in change.details:
        details.append(f"mail to {change.details['recipients']}")
    return ": ".join([*details, *([change.reason] if change.reason else [])])


async def faults(
    tenure: Tenure,
    client: Client,
    simulation: PostgresSimulation,
    history: Sequence[Change],
    mails: Sequence[Arrived],
    notices: Mapping[str, Notice],
) -> AsyncIterator[str]:
    """Check what must hold whatever the timeline says; answers what does not, a sentence each."""
    for fault in post.faults(history, mails, notices):
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
