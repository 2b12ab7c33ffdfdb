"""How the demonstration tells of wholesale customers, whose ids are others at each run."""

from typing import Any

from adapters.postgres.simulation import Change
from tenure.contracts.address import BillingAddress
from tenure.contracts.customer import CustomerView, OnboardingState
from tenure.ids import OrganisationId, PartnerId
from workers.demo.clientele import Clientele
from workers.demo.findings import entries
from workers.demo.picture import Holder, Phase
from workers.demo.script import START
from workers.demo.timeline import Entry

ONE, OTHER = OrganisationId(f"org_{'1' * 32}"), OrganisationId(f"org_{'2' * 32}")


def customer(organisation_id: OrganisationId, reference: str, *, own: bool = False) -> CustomerView:
    """A customer that was just created."""
    return CustomerView(
        organisation_id=organisation_id,
        partner_id=PartnerId("ptr_north"),
        external_id=reference,
        name="Alder Works",
        state=OnboardingState.RECEIVED,
        is_own_org=own,
        requested_at=START,
        state_since=START,
        billing_address=BillingAddress(country="DE"),
        org_country="DE",
        package="suite",
    )


def change(action: str, to_state: str | None = None, subject: str = ONE, **fields: Any) -> Change:
    """An entry of the audit."""
    given = {"from_state": None, "reason": None, "details": {}} | fields
    return Change(at=START, subject=subject, action=action, to_state=to_state, **given)


def test_customers_go_by_their_references() -> None:
    """The same customer again is none; who gets a reference after another one has a number, and an own organisation its id (ONB-07, RPL-12)."""
    clientele = Clientele()
    assert clientele.name("alder") == "alder"
    assert clientele.take_in(customer(ONE, "alder"))
    assert not clientele.take_in(customer(ONE, "alder"))
    assert clientele.name("alder") == "alder"
    assert clientele.take_in(customer(OTHER, "alder"))
    assert clientele.name("alder") == "alder/2"
    assert clientele.newest("alder").organisation_id == OTHER
    own = OrganisationId("org_north")
    clientele.take_in(customer(own, "own", own=True))
    assert clientele.name("own") == own
    assert clientele.names == {ONE: "alder", OTHER: "alder/2", own: own}
    assert list(clientele.records) == ["alder", "alder/2"]


def test_no_id_that_was_made_up_is_in_the_timeline() -> None:
    """Neither as a subject nor as a reason, so that two runs say the same; ids that somebody chose are told."""
    made_up = {"licence_set_id": f"lic_{'a' * 32}", "partner_id": "ptr_north"}
    history = [
        change("licences_active", details=made_up),
        change("list_loaded", subject="list/un", details={"entries": 9}),
    ]
    seen = [Entry(at=START, subject=ONE, what="held", why="deletion: silence")]
    told = entries(history, [], seen, {ONE: "alder"})
    assert [(entry.subject, entry.why) for entry in told] == [
        ("alder", "ptr_north"),
        ("list/un", "entries 9"),
        ("alder", "deletion: silence"),
    ]


def test_wholesale_customers_in_the_picture() -> None:
    """In review until there is an account, live with its licences, and not taken in where the review says so (RPL-05, RPL-11, PRV-01)."""
    licences: dict[str, Any] = {"details": {"licence_set_id": "lic_a"}}
    approved = [
        change("created", "live"),
        change("onboarding_received", OnboardingState.RECEIVED),
        change("screening_match", OnboardingState.PENDING_RPL_REVIEW),
        change("review_approved", OnboardingState.PROVISIONING),
        change("licences_active", "active", **licences),
        change("account_ready", OnboardingState.ACTIVE),
        change("licences_suspended", "suspended", **licences),
        change("subscription_cancelled", OnboardingState.CANCELLED, **licences),
    ]
    assert _phases(approved) == [Phase.LIVE, *3 * [Phase.REVIEW], Phase.LIVE, Phase.LIVE, Phase.GRACE, Phase.GRACE]
    rejected = [*approved[:3], change("review_rejected", OnboardingState.ERROR)]
    assert _phases(rejected)[-1] is Phase.FAILED


def _phases(history: list[Change]) -> list[Phase | None]:
    holder = Holder(state=None)
    phases = []
    for each in history:
        holder.apply(each)
        phases.append(holder.phase)
    return phases
