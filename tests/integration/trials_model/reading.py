"""What the product says of an organisation's trials, and what the model says, in the same words."""

from collections import Counter
from datetime import datetime
from typing import Any

from tenure.contracts.forecast import NextKind
from tenure.ids import OrganisationId
from tests.integration.deletion.town import OPERATOR, Town
from tests.unit.trials.book import OVER, Note, Trial
from tests.unit.trials.model import Model

type Said = dict[str, object]

_OPEN = ("ordered", "built")
_RECORDINGS = "select count(*) as recordings from content where organisation_id = $1 and store = 'recordings'"
_DATES = """
select kind, coalesce(trial_id, subject) as subject, due_at
  from next_dates d left join trials t on d.kind = 'licence_removal' and t.licence_set_id = d.subject
 where d.organisation_id = $1 and kind <> all($2::text[])
"""
_OF_DELETION = [NextKind.DELETION_WARNING, NextKind.DELETION]
_NUMBERS = "select trial_id, state, held_until from phone_numbers where organisation_id = $1"
_NOTICES = """
select kind, subject, cycle, recipient, created_at from notices where organisation_id = $1 and kind <> 'deletion_warning'
"""
_DROPPED = "select kind, subject, cycle, recipient from notices where organisation_id = $1 and state = 'dropped'"


async def said(town: Town, organisation_id: OrganisationId) -> Said:
    """By the product: a trial's licences by the trial, instants as they are stored."""
    page = await town.trials.page(OPERATOR, organisation_id=organisation_id, limit=1000)
    of_trials = {view.licence_set_id: view.trial_id for view in page.trials}
    organisation = await town.organisations.show(OPERATOR, organisation_id)
    [recordings] = await town.fetch(_RECORDINGS, organisation_id)
    notices = [tuple(row.values()) for row in await town.fetch(_NOTICES, organisation_id)]
    return {
        "now": await town.now(),
        "trials": {view.trial_id: _seen(view.model_dump()) for view in page.trials},
        "mark": organisation.to_be_deleted,
        "people": {person.person_id for person in organisation.people},
        "licences": {
            of_trials.get(one.licence_set_id, one.licence_set_id): (one.state, one.removal_due_at)
            for one in organisation.licence_sets
        },
        "recordings": recordings["recordings"],
        "next dates": {
            (row["kind"], row["subject"]): row["due_at"]
            for row in await town.fetch(_DATES, organisation_id, _OF_DELETION)
        },
        "numbers": Counter(tuple(row.values()) for row in await town.fetch(_NUMBERS, organisation_id)),
        "mails": {Note(*key): since for *key, since in notices},
    }


def expected(model: Model) -> Said:
    """By the model."""
    licences = {
        key: (trial.licences, trial.grace_ends_at) for key, trial in model.trials.items() if trial.licences is not None
    }
    return {
        "now": model.now,
        "trials": {key: _trial(model, trial) for key, trial in model.trials.items()},
        "mark": model.marked,
        "people": set(model.people),
        "licences": licences | {key: (one.state, one.removal_at) for key, one in model.subscriptions.items()},
        "recordings": model.recordings,
        "next dates": model.next_dates(),
        "numbers": Counter((number.trial, number.state, number.held_until) for number in model.numbers),
        "mails": model.notes,
    }


async def dropped(town: Town, organisation_id: OrganisationId) -> set[Note]:
    """The mails that the product has dropped."""
    return {Note(*row.values()) for row in await town.fetch(_DROPPED, organisation_id)}


def ending(model: Model, partner: str, until: datetime) -> set[tuple[frozenset[str], datetime]]:
    """What ends for a partner before an instant, or has (NO-04, Q-28)."""
    return {
        (trial.services, trial.ends_at)
        for trial in model.trials.values()
        if trial.partner == partner and trial.state in {"active", "grace"} and trial.ends_at is not None
        if trial.ends_at < until
    }


def _trial(model: Model, trial: Trial) -> Said:
    return {
        "partner_id": trial.partner,
        "path": {"new": "new_customer", "existing": "existing_customer"}.get(trial.path, trial.path),
        "state": trial.state,
        "consent": trial.consent,
        "consent_deadline_at": trial.deadline,
        "services": frozenset() if trial.state in OVER else trial.services,
        "access": model.access.get(trial.partner),
        "ends_at": trial.ends_at,
        "reminder_at": trial.reminder_at,
        "grace_ends_at": trial.grace_ends_at,
    }


def _seen(view: dict[str, Any]) -> Said:
    seen = {name: view[name] for name in ("partner_id", "path", "state", "consent", "consent_deadline_at", "access")}
    seen |= {name: view[name] for name in ("ends_at", "reminder_at", "grace_ends_at")}
    services = frozenset(service["service"] for service in view["services"] if service["state"] in _OPEN)
    leaving = [service for service in view["services"] if service["state"] == "leaving"]
    assert not leaving
    return seen | {"services": services}
