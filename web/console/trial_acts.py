"""What a partner can do to a trial now, and why not, where it cannot (PS-04, TC)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tenure.contracts.base import Instant
from tenure.contracts.licence import ServiceKey
from tenure.contracts.organisation import Access
from tenure.contracts.trial import AskOffer, ServiceState, TrialState, TrialView
from tenure.errors import Refusal, RefusalCode
from tenure.policy.trial import Action, refuse, settled
from web.console.desk import Visit

_ACTIONS: Final = (Action.RESEND, Action.PROVIDE_DETAILS, Action.EXTEND, Action.EDIT, Action.ASSIGN, Action.CANCEL)
"""What is done to a trial here. It is converted by an order, in commerce (TC-12)."""

_NOT_ACTIVE_YET: Final = "Once it is active it can be extended, and its services changed."
_RESTING: Final = "Its licences rest: once it is extended, its services can be changed again."
_OVER: Final[Mapping[TrialState, str]] = {
    TrialState.CONVERTED: "Its services have been bought.",
    TrialState.CANCELLED: "It has been cancelled.",
    TrialState.ENDED: "Its grace is over, and what was on trial is gone.",
}
EARLY: Final = frozenset({TrialState.PENDING_CONSENT, TrialState.AWAITING_DETAILS, TrialState.PROVISIONING})
"""Before it is active: cancelled, the customer leaves the partner's list with it (CO-13)."""


_ON_TRIAL: Final = frozenset({ServiceState.ORDERED, ServiceState.BUILT})
"""Services in these states are on trial; the others have left it."""


def on_trial(view: TrialView) -> tuple[ServiceKey, ...]:
    """What is on trial at this moment."""
    return tuple(one.service for one in view.services if one.state in _ON_TRIAL)


@dataclass(frozen=True, slots=True)
class Acts:
    """What the visitor can do to one trial."""

    possible: frozenset[Action] = frozenset()
    later: str | None = None
    """What is not possible now, why, and when it is."""
    over: str | None = None
    """How it came to an end, after which nothing is possible."""

    def __contains__(self, action: str) -> bool:
        """Whether an action is possible."""
        return action in self.possible


def acts(visit: Visit, view: TrialView, refusal: Refusal | None) -> Acts:
    """What a person of the trial's own partner can do to it; nobody else does anything here (TC-21).

    Who does not sell can still set it up, and say who uses it (PV-02, PV-05).
    """
    state = settled(view.state, view.until, visit.now)
    if state in _OVER:
        return Acts(over=_OVER[state])
    sets_up = refusal is not None and refusal.code is RefusalCode.ROLE_NOT_ALLOWED
    if visit.credential.partner_id != view.partner_id or (refusal is not None and not sets_up):
        return Acts()
    possible = frozenset(action for action in _ACTIONS if _is_possible(action, view, visit.now))
    if sets_up:
        return Acts(possible & {Action.PROVIDE_DETAILS, Action.ASSIGN})
    if Action.EDIT in possible:
        return Acts(possible)
    return Acts(possible, _NOT_ACTIVE_YET if view.state in EARLY else _RESTING)


async def refusal(visit: Visit) -> Refusal | None:
    """Why the visitor sells nothing here, whatever the trial: its token, its role, or its partner (TR-01, TR-02)."""
    partner_id = visit.credential.partner_id
    if partner_id is None:
        return None
    try:
        await visit.services.trials.offer(visit.caller(), AskOffer(partner_id=partner_id, by=visit.person_id()))
    except Refusal as refused:
        return refused
    return None


def _is_possible(action: Action, view: TrialView, now: Instant) -> bool:
    """By the rule that the command itself asks; to build again is offered where something was refused."""
    if action is Action.PROVIDE_DETAILS and view.state is TrialState.PROVISIONING:
        return any(service.problem for service in view.services)
    if action is Action.ASSIGN and view.access is not Access.FULL:
        return False
    return refuse(action, view.state, view.until, now) is None
