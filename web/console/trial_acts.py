"""What a partner can do to a trial now, and why not, where it cannot (PS-04, TC)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tenure.contracts.base import Instant
from tenure.contracts.licence import ServiceKey
from tenure.contracts.trial import AskOffer, ServiceState, TrialState, TrialView
from tenure.errors import Refusal, RefusalCode
from tenure.policy.trial import Action, refuse
from web.console.desk import Visit

_TITLES: Final = {
    Action.RESEND: "Resend the request",
    Action.PROVIDE_DETAILS: "Set it up",
    Action.EXTEND: "Extend",
    Action.EDIT: "Change the services",
    Action.CANCEL: "Cancel",
}
"""What is done to a trial here, in this order. It is converted by an order, in commerce (TC-12)."""

_NOT_YET: Final = {
    Action.EXTEND: "it has no end before it is active",
    Action.EDIT: "they can be changed once it is active",
}
_OVER: Final[Mapping[TrialState, str]] = {
    TrialState.CONVERTED: "Its services have been bought.",
    TrialState.CANCELLED: "It has been cancelled.",
    TrialState.ENDED: "Its grace is over, and what was on trial is gone.",
}
EARLY: Final = frozenset({TrialState.PENDING_CONSENT, TrialState.AWAITING_DETAILS, TrialState.PROVISIONING})
"""Before it is active: cancelled, the customer leaves the partner's list with it (CO-13)."""


ON_TRIAL: Final = frozenset({ServiceState.ORDERED, ServiceState.BUILT})
"""Services in these states are on trial; the others have left it."""


def on_trial(view: TrialView) -> tuple[ServiceKey, ...]:
    """What is on trial at this moment."""
    return tuple(one.service for one in view.services if one.state in ON_TRIAL)


@dataclass(frozen=True, slots=True)
class Acts:
    """What the visitor can do to one trial."""

    possible: Mapping[Action, str]
    """By what it is called."""
    impossible: Mapping[str, str]
    """What could be expected, and why it is not possible now."""
    over: str | None = None
    """How it came to an end, after which nothing is possible."""

    def __contains__(self, action: str) -> bool:
        """Whether an action is possible."""
        return action in self.possible


NOTHING: Final = Acts({}, {})


def acts(visit: Visit, view: TrialView, refusal: Refusal | None) -> Acts:
    """What a person of the trial's own partner can do to it; nobody else does anything here (TC-21).

    Who does not sell can still set it up (PV-02).
    """
    sets_up = refusal is not None and refusal.code is RefusalCode.ROLE_NOT_ALLOWED
    if visit.credential.partner_id != view.partner_id or (refusal is not None and not sets_up):
        return NOTHING
    if view.state in _OVER:
        return Acts({}, {}, _OVER[view.state])
    codes = {action: _refusal(action, view, visit.now) for action in _TITLES}
    if sets_up:
        codes = {Action.PROVIDE_DETAILS: codes[Action.PROVIDE_DETAILS]}
    return Acts(
        {action: _TITLES[action] for action, code in codes.items() if code is None},
        {
            _TITLES[action]: _NOT_YET[action] if view.state in EARLY else "its licences rest: extend it first"
            for action in _NOT_YET
            if codes.get(action) is not None
        },
    )


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


def _refusal(action: Action, view: TrialView, now: Instant) -> object:
    """Why an action is not possible, by the rule that the command itself asks."""
    if action is Action.PROVIDE_DETAILS and view.state is TrialState.PROVISIONING:
        return None if any(service.problem for service in view.services) else "under way"
    if action is Action.RESEND and view.until is not None and view.until <= now:
        return "lapsed"
    return refuse(action, view.state, view.until, now)
