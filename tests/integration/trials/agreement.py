"""Whether everything that is stored of an organisation's trials agrees: licences, services, numbers, dates, mails, processes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import asyncpg

from tenure.contracts.trial import TrialState
from tenure.ids import OrganisationId
from tests.integration.trials.grounds import Grounds

_OF = {
    "trials": "select * from trials where organisation_id = $1",
    "licences": "select * from licence_sets where organisation_id = $1",
    "services": "select s.* from trial_services s join trials t using (trial_id) where t.organisation_id = $1",
    "numbers": "select * from phone_numbers where organisation_id = $1",
    "dates": "select * from next_dates where organisation_id = $1",
    "notices": "select * from notices where organisation_id = $1 and state = 'queued'",
    "processes": "select * from processes where organisation_id = $1 and state <> 'closed'",
    "organisation": "select * from organisations where organisation_id = $1",
}
_LICENCES: Mapping[str, str] = {TrialState.ACTIVE: "active", TrialState.GRACE: "suspended"}
_MAY_WAIT = {
    TrialState.ACTIVE: {"trial_started", "trial_ending", "trial_ending_partner", "welcome"},
    TrialState.GRACE: {"trial_expired", "trial_expired_partner", "welcome"},
    TrialState.CONVERTED: {"welcome"},
    TrialState.ENDED: {"access_gone"},
    TrialState.CANCELLED: set[str](),
}
_ALWAYS = {"set_up_services", "device_agreement", "deletion_warning", "consent_request"}


@dataclass(frozen=True)
class Stored:
    """All rows of an organisation, by what they are."""

    rows: Mapping[str, list[asyncpg.Record]]

    def of(self, name: str, **values: Any) -> list[asyncpg.Record]:
        """The rows that have these values."""
        return [row for row in self.rows[name] if all(row[column] == value for column, value in values.items())]

    def due(self, kind: str, subject: str) -> object:
        """The date that is stored of a kind."""
        found = self.of("dates", kind=kind, subject=subject)
        return found[0]["due_at"] if found else None

    def runs(self, workflow_id: str) -> bool:
        """Whether a process is open."""
        return bool(self.of("processes", workflow_id=workflow_id))


async def disagreements(ground: Grounds, organisation_id: OrganisationId) -> list[str]:
    """What contradicts something else; empty where all agrees."""
    rows = {name: await ground.town.fetch(statement, organisation_id) for name, statement in _OF.items()}
    stored = Stored(rows)
    found = [problem for trial in rows["trials"] for problem in _of_trial(stored, trial)]
    found += list(_of_numbers(stored))
    held = [row for row in rows["licences"] if row["state"] in {"active", "suspended"}]
    marked = rows["organisation"][0]["state"] in {"marked", "warned"}
    if held and marked:
        found.append("marked with licences")
    return found


def _of_trial(stored: Stored, trial: asyncpg.Record) -> Iterator[str]:
    [licences] = stored.of("licences", licence_set_id=trial["licence_set_id"])
    yield from _of_licences(trial, licences)
    yield from _of_dates(stored, trial)
    yield from _of_services(stored, trial)
    yield from _of_processes(stored, trial, licences)
    state = TrialState(trial["state"])
    told = {row["kind"] for row in stored.of("notices", subject=trial["trial_id"])} - _ALWAYS
    if told - _MAY_WAIT[state]:
        yield f"{state}, and mails of {told - _MAY_WAIT[state]} wait"


def _of_licences(trial: asyncpg.Record, licences: asyncpg.Record) -> Iterator[str]:
    expected = _LICENCES.get(trial["state"], "removed")
    if licences["state"] != expected:
        yield f"{trial['state']} with licences {licences['state']}"
    if expected != "removed" and sorted(licences["services"]) != sorted(trial["services"]):
        yield f"licences of {licences['services']}, trial of {trial['services']}"
    if licences["removal_due_at"] != trial["grace_ends_at"]:
        yield "licences and trial have different graces"


def _of_dates(stored: Stored, trial: asyncpg.Record) -> Iterator[str]:
    expected = {
        ("trial_end", trial["trial_id"]): trial["ends_at"] if trial["state"] == TrialState.ACTIVE else None,
        ("trial_reminder", trial["trial_id"]): trial["reminder_at"],
        ("licence_removal", trial["licence_set_id"]): trial["grace_ends_at"],
    }
    for (kind, subject), due_at in expected.items():
        if stored.due(kind, subject) != due_at:
            yield f"{trial['state']}: {kind} is stored as {stored.due(kind, subject)}, and is {due_at}"


def _of_services(stored: Stored, trial: asyncpg.Record) -> Iterator[str]:
    services = stored.of("services", trial_id=trial["trial_id"])
    standing = {row["service"] for row in services if row["state"] in {"ordered", "built"}}
    if standing != (set(trial["services"]) if trial["state"] in _LICENCES else set()):
        yield f"{trial['state']} of {trial['services']}, and {standing} stand"


def _of_processes(stored: Stored, trial: asyncpg.Record, licences: asyncpg.Record) -> Iterator[str]:
    state = TrialState(trial["state"])
    leaving = stored.of("services", trial_id=trial["trial_id"], state="leaving")
    needed = state is TrialState.ACTIVE or leaving
    if needed and not stored.runs(f"trial/{trial['trial_id']}/{trial['generation']}"):
        yield f"{state} without a process"
    grace = f"renewal-grace/{licences['licence_set_id']}/{licences['generation']}"
    if state is TrialState.GRACE and not stored.runs(grace):
        yield "in grace without a process"


def _of_numbers(stored: Stored) -> Iterator[str]:
    holders = {row["licence_set_id"] for row in stored.rows["licences"] if row["state"] in {"active", "suspended"}}
    for number in stored.of("numbers", state="assigned"):
        if number["licence_set_id"] not in holders:
            yield "a number is assigned to licences that are gone"
    on_hold = stored.of("numbers", state="held")
    for number in on_hold:
        if not stored.runs(f"number-retention/{number['trial_id']}/{number['hold']}"):
            yield "a number is held without a process"
        if stored.due("number_release", number["trial_id"]) is None:
            yield "a number is held without a date"
    if not on_hold and stored.of("dates", kind="number_release"):
        yield "a release is awaited of no number"
