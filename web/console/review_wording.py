"""The words of the reviewer's page: lists and who publishes them, what a decision does, and the time that is left."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from tenure.contracts.base import Instant
from tenure.contracts.review import CaseState, Decision, RplCase, ScreeningTrigger
from tenure.contracts.screening import EntryKind, ListId, NameQuality
from tenure.policy import onboarding as policy

SOON: Final = timedelta(hours=12)
"""From here on a deadline stands out: a reviewer's night may lie before it."""


@dataclass(frozen=True, slots=True)
class Publisher:
    """A list, and the publisher's own page of it: the judgement follows what stands there (RPL-20)."""

    title: str
    address: str


PUBLISHERS: Final = {
    ListId.US_DPL: Publisher("Denied Persons List, US Commerce (BIS)", "https://www.bis.gov/denied-persons-list"),
    ListId.US_SDN: Publisher(
        "Specially Designated Nationals, US Treasury (OFAC)", "https://sanctionssearch.ofac.treas.gov/"
    ),
    ListId.US_CSL: Publisher("Consolidated Screening List, US", "https://www.trade.gov/consolidated-screening-list"),
    ListId.UN: Publisher(
        "UN Security Council Consolidated List",
        "https://main.un.org/securitycouncil/en/content/un-sc-consolidated-list",
    ),
    ListId.EU: Publisher("EU Consolidated Financial Sanctions List", "https://www.sanctionsmap.eu/"),
}

TRIGGERS: Final = {
    ScreeningTrigger.CREATE: "New customer",
    ScreeningTrigger.ADDRESS_UPDATE: "Change of address",
    ScreeningTrigger.LIST_UPDATE: "Update of a list",
}

KINDS: Final = {
    EntryKind.PERSON: "Person",
    EntryKind.ORGANISATION: "Organisation",
    EntryKind.VESSEL: "Vessel",
    EntryKind.AIRCRAFT: "Aircraft",
}

QUALITIES: Final = {
    NameQuality.PRIMARY: "the entry's main name",
    NameQuality.STRONG: "an alias of the entry",
    NameQuality.WEAK: "a weak alias, which alone identifies nobody",
}

STATES: Final = {
    CaseState.OPEN: "Open",
    CaseState.APPROVED: "Approved",
    CaseState.REJECTED: "Rejected",
    CaseState.UNRESOLVED: "Unresolved",
    CaseState.TIMED_OUT: "Timed out",
}

DECISIONS: Final = {
    Decision.APPROVE: ("Approve", "The customer is none of these entries."),
    Decision.REJECT: ("Reject", "The customer is one of them."),
    Decision.UNRESOLVED: ("Unresolved", "It cannot be found out."),
}

_NEVER_CREATED: Final = (
    "The onboarding ends for good: no account is created, and the provider sees the reason code “{}”, not your words."
    " To try again it has to create the customer anew, who is screened afresh."
)
_NEVER_BUILT: Final = (
    "The trial is cancelled at once, before anything was built, and the partner sees the reason code “{}”, not your words."
    " Another trial for this customer has it screened afresh."
)
_OLD_ADDRESS: Final = (
    "The new address is not taken over: the old one stays in force, and the services keep running."
    " The provider sees the reason code “{}”, not your words."
)
_ONLY_RECORDED: Final = (
    "This is recorded, and nothing happens by itself: the customer keeps its services. What follows from it for the"
    " customer, operators and compliance decide outside of this page."
)
_REMEMBERED: Final = " These entries do not come back for this customer until it or the entry changes."

_EFFECTS: Final = {
    (ScreeningTrigger.CREATE, Decision.APPROVE): "The customer's account is created at once, without the provider doing"
    " anything." + _REMEMBERED,
    (ScreeningTrigger.CREATE, Decision.REJECT): _NEVER_CREATED.format("rpl_rejected"),
    (ScreeningTrigger.CREATE, Decision.UNRESOLVED): _NEVER_CREATED.format("rpl_unresolved"),
    (ScreeningTrigger.ADDRESS_UPDATE, Decision.APPROVE): "The new address is in force at once." + _REMEMBERED,
    (ScreeningTrigger.ADDRESS_UPDATE, Decision.REJECT): _OLD_ADDRESS.format("rpl_rejected"),
    (ScreeningTrigger.ADDRESS_UPDATE, Decision.UNRESOLVED): _OLD_ADDRESS.format("rpl_unresolved"),
    (ScreeningTrigger.LIST_UPDATE, Decision.APPROVE): "The customer stays as it is." + _REMEMBERED,
    (ScreeningTrigger.LIST_UPDATE, Decision.REJECT): _ONLY_RECORDED,
    (ScreeningTrigger.LIST_UPDATE, Decision.UNRESOLVED): _ONLY_RECORDED,
}

_OF_A_TRIAL: Final = {
    Decision.APPROVE: "What the trial has ordered is built at once, without the partner doing anything." + _REMEMBERED,
    Decision.REJECT: _NEVER_BUILT.format("rpl_rejected"),
    Decision.UNRESOLVED: _NEVER_BUILT.format("rpl_unresolved"),
}

_MISSED_OF_A_TRIAL: Final = "Without a decision in time the trial is cancelled, before anything was built."
_MISSED: Final = {
    ScreeningTrigger.CREATE: "Without a decision in time the onboarding ends in error, and no account is created.",
    ScreeningTrigger.ADDRESS_UPDATE: "Without a decision in time the old address stays in force.",
    ScreeningTrigger.LIST_UPDATE: "Nothing waits for this decision: later the case is overdue, and stays open.",
}


def effect(case: RplCase, decision: Decision) -> str:
    """What a decision does, before it is made (RPL-09 to RPL-11, RPL-17, Q-32)."""
    return _EFFECTS[case.trigger, decision] if case.trial_id is None else _OF_A_TRIAL[decision]


def missed(case: RplCase) -> str:
    """What happens where nobody decides in time (RPL-07)."""
    return _MISSED[case.trigger] if case.trial_id is None else _MISSED_OF_A_TRIAL


def publisher(list_id: str) -> Publisher | None:
    """Who publishes a list; None for a data set of a provider."""
    return PUBLISHERS.get(ListId(list_id)) if list_id in set(ListId) else None


def list_title(list_id: str) -> str:
    """What a list is called; a provider's data set by its own name."""
    found = publisher(list_id)
    return list_id if found is None else found.title


def hours(value: timedelta) -> str:
    """A duration in hours and minutes, rounded down, as reviews count it: `71 h 12 min`, `12 min`."""
    minutes = max(value, timedelta(0)) // timedelta(minutes=1)
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min"


def is_late(case: RplCase, now: Instant) -> bool:
    """Whether a decision would come too late, whether or not the case's process has got there (RPL-08)."""
    return policy.is_late(case.trigger, case.deadline_at, now)


def time_left(case: RplCase, now: Instant) -> str:
    """Until its deadline, which itself still counts (RPL-08)."""
    if now <= case.deadline_at:
        return f"{hours(case.deadline_at - now)} left"
    return "Time is over" if is_late(case, now) else "Overdue"


def is_soon(case: RplCase, now: Instant) -> bool:
    """Whether a deadline deserves to stand out."""
    return case.deadline_at - now <= SOON


def who(actor: str) -> str:
    """The name of whoever's token decided."""
    return actor.partition(":")[2] or actor


FILTERS: Final = {
    "list_title": list_title,
    "hours": hours,
    "time_left": time_left,
    "is_soon": is_soon,
    "who": who,
    "trigger": TRIGGERS.__getitem__,
    "case_state": STATES.__getitem__,
}
