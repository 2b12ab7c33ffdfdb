"""What the fence of an organisation does to its trials: requests that are open, and trials that wait, are over."""

from adapters.postgres.database import Connection
from adapters.postgres.trials import rows, sites
from adapters.postgres.trials.consenting import end_request, find_consent, lapse
from adapters.postgres.trials.rows import Trial
from tenure.contracts.base import Instant
from tenure.contracts.trial import ConsentState, TrialState
from tenure.policy.trial import answer_counts

_WAITING = "select * from trials where organisation_id = $1 and state in ('pending_consent', 'awaiting_details')"


async def end_waiting(connection: Connection, organisation_id: str, *, at: Instant, actor: str) -> None:
    """Nobody can consent or give details any more: an abort of the erasure brings no request back (XC-07, SF-11).

    A request whose ten days are over has lapsed, whoever comes first at that instant: it defers a fence until then, and
    so both are due together (DP-05). Trials that hold licences are left to the purge: only the customer's own request,
    which is final, fences them.
    """
    for row in await connection.fetch(_WAITING + " order by trial_id", organisation_id):
        before = Trial.model_validate(dict(row))
        if before.state is TrialState.PENDING_CONSENT:
            consent = await find_consent(connection, before)
            if consent is not None and not answer_counts(consent.deadline_at, at):
                await lapse(connection, before, at)
                continue
            await end_request(connection, before, ConsentState.LAPSED, None, at)
        await sites.give_back(connection, before)
        await rows.forget_services(connection, before.trial_id)
        await rows.change(
            connection,
            before,
            at=at,
            actor=actor,
            action="trial_cancelled",
            reason="fenced",
            state=TrialState.CANCELLED,
        )
