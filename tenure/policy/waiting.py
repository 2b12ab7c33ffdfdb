"""What trials wait for without a date, in words: details, and the platform (PV-01, PV-04, PV-08)."""

from collections.abc import Iterator, Sequence

from tenure.contracts.forecast import UndatedTrial
from tenure.contracts.platform import NO_ANSWER
from tenure.contracts.trial import ServiceState, TrialService, TrialState


def told(trials: Sequence[UndatedTrial]) -> tuple[str, ...]:
    """What each waits for, and what the platform has against it."""
    return tuple(sentence for trial in trials for sentence in _told(trial))


def ways_on(trials: Sequence[UndatedTrial]) -> tuple[str, ...]:
    """Who can do what about it; a tear-down is for whoever provides the platform to let through."""
    return tuple(sentence for trial in trials for sentence in _ways_on(trial))


def _told(trial: UndatedTrial) -> Iterator[str]:
    if trial.state is TrialState.AWAITING_DETAILS:
        yield f"Trial {trial.trial_id} waits for its partner's provisioning details, without a deadline (PV-01, PV-08)."
        return
    if trial.state is TrialState.PROVISIONING:
        wanted = ", ".join(each.service for each in trial.services if each.state is ServiceState.ORDERED)
        yield (
            f"Trial {trial.trial_id} is being built: {wanted} (PV-03)."
            if wanted
            else (f"Trial {trial.trial_id} is built, and about to begin (PV-07).")
        )
    for service in trial.services:
        if service.problem is not None:
            yield _problem(trial, service, service.problem)


def _problem(trial: UndatedTrial, service: TrialService, code: str) -> str:
    deed = "tear down" if service.state is ServiceState.LEAVING else "build"
    what = f"{deed} {service.service} of trial {trial.trial_id}"
    if code == NO_ANSWER:
        return f"The platform does not answer whether it could {what}: it is asked again by itself, at last once an hour (PV-04)."
    return f"The platform refuses to {what} ({code}): it is asked again once an hour (PV-04)."


def _ways_on(trial: UndatedTrial) -> Iterator[str]:
    if trial.state is TrialState.AWAITING_DETAILS:
        yield f"Its partner can give the details of trial {trial.trial_id}, or cancel it (PV-01, CO-13)."
    if trial.state is TrialState.PROVISIONING and any(each.problem for each in trial.services):
        yield (
            f"Its partner can give the details of trial {trial.trial_id} again, which has the platform asked at once,"
            " or cancel it (PV-04, CO-13)."
        )
    elif trial.state is TrialState.PROVISIONING:
        yield f"Its partner can cancel trial {trial.trial_id} (CO-13)."
