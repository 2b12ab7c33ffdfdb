"""Marking: when an organisation has nothing left (DM-01, DM-02)."""

from tenure.contracts.organisation import COUNTING, OrganisationState


def has_nothing_left(*, licence_sets_held: int, customers_managed: int) -> bool:
    """All trial and paid licences are completely removed, and no customer is managed.

    Asked when a licence set was removed or a customer lost, never of an organisation that has had neither.
    """
    return licence_sets_held == 0 and customers_managed == 0


def to_be_deleted(state: OrganisationState) -> bool:
    """Whether the label stands by the name (DM-03, AC-05)."""
    return state in COUNTING
