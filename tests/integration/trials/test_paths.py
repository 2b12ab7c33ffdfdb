"""How a trial begins: found by the product from who there is already, and shown before anything is asked for (TR-12 to TR-14, TR-20, TR-21)."""

import pytest

from tenure.contracts.notice import NoticeKind
from tenure.contracts.organisation import Access, Manage, Role
from tenure.contracts.trial import AskOffer, RequestTrial, TrialPath, TrialState
from tenure.errors import Refusal, RefusalCode
from tenure.ids import OrganisationId
from tests.integration.deletion.town import SERVICE, Town, admin
from tests.integration.trials.grounds import Side
from tests.integration.trials.market import Market, address


def add_on(market: Market, organisation_id: OrganisationId, *services: str) -> RequestTrial:
    """A request for a customer that the partner manages: nothing has to be said of it."""
    return market.request(
        *services, organisation_id=organisation_id, company_name=None, admin_email=None, industry=None, country=None
    )


@pytest.mark.parametrize(
    ("managed", "path", "state", "mails"),
    [
        (False, TrialPath.EXISTING_CUSTOMER, TrialState.PENDING_CONSENT, {NoticeKind.CONSENT_REQUEST}),
        (True, TrialPath.ADD_ON, TrialState.PROVISIONING, set()),
    ],
)
async def test_path_of_an_existing_customer(
    town: Town, market: Market, managed: bool, path: TrialPath, state: TrialState, mails: set[str]
) -> None:
    """Who manages the customer needs no consent, everybody else does, with the very same request (TR-12, TR-13)."""
    acme = await market.customer()
    await market.manage(market.south, acme)
    if managed:
        await market.manage(market.north, acme, "provisioning")
    organisations = await town.value(int, "select count(*)::int from organisations")
    trial = await market.ask(acme)
    assert (trial.path, trial.state, trial.organisation_id) == (path, state, acme)
    assert {kind for kind, _ in await market.queued(acme)} == mails
    assert await town.value(int, "select count(*)::int from organisations") == organisations


@pytest.mark.parametrize("typed", ["address", "ADDRESS", " address "])
async def test_a_known_address_is_never_a_second_organisation(town: Town, market: Market, typed: str) -> None:
    """Whoever is known is known in any case and with any blanks: the organisation is named and to be confirmed (TR-13, TR-14, SF-08)."""
    acme = await market.customer()
    email = address(acme, 2)
    typed = typed.replace("address", email).replace("ADDRESS", email.upper())
    for act in (
        market.request("messaging", admin_email=typed),
        market.request("calling", admin_email=typed, side=market.south),
    ):
        with pytest.raises(Refusal) as refusal:
            await town.trials.request(SERVICE, act)
        assert refusal.value.code is RefusalCode.CONFIRMATION_REQUIRED
        assert set(refusal.value.details["organisations"]) == {acme}  # type: ignore[call-overload]
        assert await market.refused(town.trials.request(SERVICE, act)) is RefusalCode.CONFIRMATION_REQUIRED
    trial = await market.ask(acme, admin_email=typed)
    assert (trial.path, trial.state) == (TrialPath.EXISTING_CUSTOMER, TrialState.PENDING_CONSENT)


async def test_an_ordinary_user_is_known_too(town: Town, market: Market) -> None:
    """An address need not be an admin's to lead to its organisation: consent cannot be skipped by a colleague's (TR-13)."""
    acme = await market.customer()
    await market.person("user", acme, Role.USER)
    command = market.request("messaging", admin_email="user@example.com")
    assert await market.refused(town.trials.request(SERVICE, command)) is RefusalCode.CONFIRMATION_REQUIRED


async def test_an_address_of_two_organisations(town: Town, market: Market) -> None:
    """Both are named; the one that was confirmed is asked, and no other (TR-14)."""
    acme, best = await market.customer(), await market.customer()
    await market.person("shared", acme, Role.USER)
    await market.person("shared-too", best, Role.CUSTOMER_ADMIN)
    await town.execute("update people set email = 'shared@example.com' where name like 'shared%'")
    with pytest.raises(Refusal) as refusal:
        await town.trials.request(SERVICE, market.request("messaging", admin_email="shared@example.com"))
    assert refusal.value.details["organisations"] == {acme: f"Name of {acme[4:]}", best: f"Name of {best[4:]}"}
    assert (await market.ask(best, admin_email="shared@example.com")).organisation_id == best


async def test_the_confirmed_organisation_has_to_fit(town: Town, market: Market) -> None:
    """An address of one organisation does not open another; one of nobody's does not either: its full admins decide (TR-13, TR-14)."""
    acme, other = await market.customer(), await market.customer()
    assert await market.refused(market.ask(acme, admin_email=address(other))) is RefusalCode.CUSTOMER_NOT_MATCHED
    nowhere = market.ask(OrganisationId("org_nowhere"), admin_email="eve@new.example")
    assert await market.refused(nowhere) is RefusalCode.ORGANISATION_NOT_FOUND
    trial = await market.ask(acme, admin_email="stranger@new.example")
    assert (trial.organisation_id, trial.path) == (acme, TrialPath.EXISTING_CUSTOMER)


async def test_an_organisation_that_is_gone(town: Town, market: Market) -> None:
    """One in quarantine is asked for nothing, and its people's addresses begin a new customer (SF-11, TR-12)."""
    gone = await town.fenced(await market.customer())
    await market.manage(market.north, gone)
    assert await market.refused(market.ask(gone)) is RefusalCode.ORG_DELETED
    question = AskOffer(partner_id=market.north.partner_id, organisation_id=gone)
    assert await market.refused(town.trials.offer(SERVICE, question)) is RefusalCode.ORG_DELETED
    trial = await town.trials.request(SERVICE, market.request("messaging", admin_email=address(gone)))
    assert trial.path is TrialPath.NEW_CUSTOMER
    assert trial.organisation_id != gone


async def test_details_where_they_are_needed(town: Town, market: Market) -> None:
    """An unrelated customer takes all four of them, one that the partner manages none (TR-04, TR-12)."""
    acme = await market.customer()
    for missing in ("company_name", "admin_email", "industry", "country"):
        act = market.ask(acme, **{missing: None})
        assert await market.refused(act) is RefusalCode.CUSTOMER_DETAILS_REQUIRED
    await market.manage(market.north, acme)
    assert (await town.trials.request(SERVICE, add_on(market, acme, "calling"))).path is TrialPath.ADD_ON


async def test_existing_customer_in_an_unsupported_country(town: Town, market: Market) -> None:
    """Its own country counts, not the one that was typed (TR-06, TR-07)."""
    acme = await market.customer()
    await town.execute("update organisations set country = 'ZZ' where organisation_id = $1", acme)
    assert await market.refused(market.ask(acme, country="DE")) is RefusalCode.COUNTRY_UNSUPPORTED


async def test_add_on_starts(town: Town, market: Market) -> None:
    """Once it is active, and not before, every admin of the customer is told once; nobody is asked (TR-21, Q-29)."""
    acme = await market.customer(admins=2)
    clerk = await market.lesser_admin(acme)
    await market.person("user", acme, Role.USER)
    await market.manage(market.north, acme, "provisioning")
    trial = await town.trials.request(SERVICE, add_on(market, acme, "calling", "messaging"))
    assert await market.queued(acme) == set()
    assert (await market.run(trial.trial_id)).state is TrialState.ACTIVE
    told = {(NoticeKind.TRIAL_STARTED, person) for person in (admin(acme), admin(acme, 2), clerk)}
    assert await market.queued(acme) == told
    await market.run(trial.trial_id)
    assert await market.queued(acme) == told
    assert await market.access(market.north, acme) == "provisioning"


async def offered(
    town: Town, side: Side, **question: str
) -> tuple[TrialPath, dict[str, str | None], set[str], set[str]]:
    """What is on offer: path, each service with what speaks against it, what is bought, and who manages the customer."""
    offer = await town.trials.offer(SERVICE, AskOffer(partner_id=side.partner_id, **question))
    return offer.path, {each.service: each.refusal for each in offer.services}, set(offer.bought), set(offer.partners)


async def test_offers(town: Town, market: Market) -> None:
    """A managing partner is shown what is bought and who else manages; others see what can be tried, and no more (TR-14, TR-20, PS-05, PS-06)."""
    acme = await market.customer()
    await market.buy(acme, "messaging", "contact-center")
    await market.manage(market.north, acme)
    await market.trial("calling", organisation_id=acme, admin_email=None)
    keys = ["messaging", "meetings", "meetings-enterprise", "calling", "contact-center"]
    owned, mine, elsewhere = (
        RefusalCode.SERVICE_ALREADY_OWNED,
        RefusalCode.ALREADY_ON_TRIAL,
        RefusalCode.SERVICE_ON_TRIAL_ELSEWHERE,
    )
    north = await offered(town, market.north, organisation_id=acme)
    assert north == (
        TrialPath.ADD_ON,
        dict(zip(keys, (owned, None, None, mine, owned), strict=True)),
        {"messaging", "contact-center"},
        {"ptr_north"},
    )
    south = await offered(town, market.south, admin_email=address(acme).upper())
    assert south == (
        TrialPath.EXISTING_CUSTOMER,
        dict(zip(keys, (owned, None, None, elsewhere, owned), strict=True)),
        set(),
        set(),
    )
    new = await offered(town, market.south, admin_email="eve@new.example", country="DE")
    assert new == (TrialPath.NEW_CUSTOMER, dict.fromkeys(keys), set(), set())


async def test_offer_names_the_match(town: Town, market: Market) -> None:
    """The organisation that an address belongs to is shown by name and id, to be confirmed (TR-14)."""
    acme = await market.customer()
    question = AskOffer(partner_id=market.north.partner_id, admin_email=address(acme))
    offer = await town.trials.offer(SERVICE, question)
    assert (offer.organisation_id, offer.organisation_name) == (acme, f"Name of {acme[4:]}")
    assert offer.lengths_days == town.rules.trial_lengths_days


async def test_an_offer_says_who_may_not_ask(town: Town, market: Market) -> None:
    """A person whose role does not sell, or another partner's, is told before anything is filled in (TR-02)."""
    north = market.north
    clerk = await market.person("helper", north.organisation_id, Role.PARTNER_ADMIN)
    for person_id, code in (
        (clerk, RefusalCode.ROLE_NOT_ALLOWED),
        (market.south.seller, RefusalCode.ROLE_NOT_ALLOWED),
    ):
        question = AskOffer(partner_id=north.partner_id, by=person_id)
        assert await market.refused(town.trials.offer(SERVICE, question)) is code
    assert (await town.trials.offer(SERVICE, AskOffer(partner_id=north.partner_id, by=north.seller))).matches == ()


async def test_an_offer_names_every_match(town: Town, market: Market) -> None:
    """An address of two organisations: both are there to choose from (TR-14)."""
    acme, best = await market.customer(), await market.customer()
    await market.person("shared", acme, Role.USER)
    await market.person("shared-too", best, Role.CUSTOMER_ADMIN)
    await town.execute("update people set email = 'shared@example.com' where name like 'shared%'")
    question = AskOffer(partner_id=market.north.partner_id, admin_email="shared@example.com")
    offer = await town.trials.offer(SERVICE, question)
    assert [(each.organisation_id, each.name) for each in offer.matches] == [
        (acme, f"Name of {acme[4:]}"),
        (best, f"Name of {best[4:]}"),
    ]
    chosen = await town.trials.offer(SERVICE, question.model_copy(update={"organisation_id": best}))
    assert chosen.organisation_id == best


async def test_relationship_is_what_counts_at_the_request(town: Town, market: Market) -> None:
    """A partner that has lost its customer asks for consent like any other (TR-12, RO-04)."""
    first = await market.trial("messaging")
    customer, partner_id = first.organisation_id, market.north.partner_id
    await town.organisations.unmanage(SERVICE, Manage(partner_id=partner_id, organisation_id=customer))
    email = await town.value(str, "select admin_email from trials where trial_id = $1", first.trial_id)
    again = await market.ask(customer, "calling", admin_email=email)
    assert (again.path, again.access) == (TrialPath.EXISTING_CUSTOMER, None)


async def test_a_new_trial_after_grace(town: Town, market: Market) -> None:
    """The relationship stands after the grace, so that nobody is asked; access is for provisioning alone, and recorded (Q-31, Q-01)."""
    first = await market.ended(await market.trial("messaging"))
    customer = first.organisation_id
    assert await market.access(market.north, customer) == Access.NONE
    second = await town.trials.request(SERVICE, add_on(market, customer, "messaging"))
    assert (second.path, second.state, second.access) == (TrialPath.ADD_ON, TrialState.PROVISIONING, "provisioning")
    assert "managed" in (await town.audit(customer))[-2:]
    await market.run(second.trial_id)
    [contact] = await town.fetch("select person_id from full_admins where organisation_id = $1", customer)
    assert (NoticeKind.TRIAL_STARTED, contact["person_id"]) in await market.queued(customer)
