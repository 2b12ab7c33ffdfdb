"""What speaks for and against a hit, beside the name."""

from collections.abc import Sequence

from adapters.screening.places import Nearest, nearest
from tenure.contracts.screening import Agreement, Subject


def country(subject: Subject, listed: Sequence[str]) -> Agreement:
    """Whether the subject's country is one of the entry's."""
    if subject.country is None or not listed:
        return Agreement.UNKNOWN
    return Agreement.AGREES if subject.country in listed else Agreement.DIFFERS


def birth(subject: Subject, listed: Sequence[str]) -> Agreement:
    """Whether a date agrees, as far as both are known: a year agrees with each of its days."""
    if not subject.births or not listed:
        return Agreement.UNKNOWN
    same = any(one.startswith(other) or other.startswith(one) for one in subject.births for other in listed)
    return Agreement.AGREES if same else Agreement.DIFFERS


def address(subject: Subject, listed: Sequence[str]) -> Nearest:
    """The nearest of the entry's addresses."""
    return nearest(subject.address, listed)
