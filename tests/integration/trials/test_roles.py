"""Who may do what: every action of section 14 by everybody who could try, and what a partner is granted (RO, A section 18.7)."""

from collections.abc import Awaitable
from enum import StrEnum

import pytest

from tenure.contracts.organisation import Access, GrantFullAccess, Manage, Role
from tenure.contracts.trial import AskOffer, AssignLicences, TrialState, TrialView
from tenure.errors import RefusalCode
from tenure.ids import OrganisationId, PersonId
from tenure.ports import Caller
from tests.integration.deletion.town import SERVICE, Town, admin
from tests.integration.trials.market import Market


class Who(StrEnum):
    """Everybody who could try."""

    SALES_ADMIN = "sales admin of the partner"
    FULL_ADMIN = "full admin of the partner"
    HELPER = "other admin of the partner"
    EMPLOYEE = "user in the partner's organisation"
    RIVAL = "sales admin of another partner"
    CUSTOMER_FULL_ADMIN = "full admin of the customer"
    CONTACT = "contact of record of the customer"
    CUSTOMER_ADMIN = "other admin of the customer"
    CUSTOMER_USER = "user of the customer"


SELLERS = {Who.SALES_ADMIN, Who.FULL_ADMIN}
PARTNER = SELLERS | {Who.HELPER}
DECIDERS = {Who.CUSTOMER_FULL_ADMIN, Who.CONTACT}


class Deed(StrEnum):
    """What they could try."""

    START = "start"
    RESEND = "resend"
    WITHDRAW = "withdraw"
    ACCEPT = "accept"
    DECLINE = "decline"
    PROVISION = "provision"
    ASSIGN = "assign"
    EXTEND = "extend"
    EDIT = "edit"
    CANCEL = "cancel"
    GRANT = "grant"


MAY = {
    Deed.START: SELLERS,
    Deed.RESEND: SELLERS,
    Deed.WITHDRAW: SELLERS,
    Deed.ACCEPT: DECIDERS,
    Deed.DECLINE: DECIDERS,
    Deed.PROVISION: PARTNER,
    Deed.ASSIGN: PARTNER,
    Deed.EXTEND: SELLERS,
    Deed.EDIT: SELLERS,
    Deed.CANCEL: SELLERS,
    Deed.GRANT: DECIDERS,
}


async def person(market: Market, who: Who, acme: OrganisationId) -> PersonId:
    """That person, around this customer."""
    north = market.north
    match who:
        case Who.SALES_ADMIN:
            return north.seller
        case Who.FULL_ADMIN:
            return north.head
        case Who.HELPER:
            return north.helper
        case Who.EMPLOYEE:
            return await market.person("employee", north.organisation_id, Role.USER)
        case Who.RIVAL:
            return market.south.seller
        case Who.CUSTOMER_FULL_ADMIN:
            return admin(acme, 2)
        case Who.CONTACT:
            return await market.person("contact", acme, Role.CONTACT_OF_RECORD)
        case Who.CUSTOMER_ADMIN:
            return await market.lesser_admin(acme)
        case Who.CUSTOMER_USER:
            return await market.person("user", acme, Role.USER)


async def stage(market: Market, deed: Deed, acme: OrganisationId) -> TrialView | None:
    """A trial at the point where the deed is possible, with everything granted that it needs."""
    match deed:
        case Deed.START:
            return None
        case Deed.RESEND | Deed.WITHDRAW | Deed.ACCEPT | Deed.DECLINE:
            return await market.ask(acme)
        case Deed.PROVISION:
            return await market.reach(await market.ask(acme), TrialState.AWAITING_DETAILS)
        case Deed.GRANT:
            return await market.consented(acme)
        case _:
            return await market.consented(acme, tick=True)


def attempt(
    market: Market, deed: Deed, trial: TrialView | None, by: PersonId, acme: OrganisationId
) -> Awaitable[object]:
    """Somebody tries."""
    if trial is None:
        return market.ask(acme, requested_by=by)
    match deed:
        case Deed.RESEND:
            return market.resend(trial, by)
        case Deed.ACCEPT:
            return market.accept(trial, by, tick=True)
        case Deed.DECLINE:
            return market.decline(trial, by)
        case Deed.PROVISION:
            return market.detail(trial, by)
        case Deed.ASSIGN:
            command = AssignLicences(trial_id=trial.trial_id, by=by, give=(admin(acme),))
            return market.town.trials.assign_licences(SERVICE, command)
        case Deed.EXTEND:
            return market.extend(trial, 30, by=by)
        case Deed.EDIT:
            return market.edit(trial, "messaging", "calling", by=by)
        case Deed.GRANT:
            grant = GrantFullAccess(partner_id=trial.partner_id, organisation_id=acme, person_id=by)
            return market.town.organisations.grant_full_access(SERVICE, grant)
        case _:
            return market.cancel(trial, by=by)


def refusal(deed: Deed, who: Who) -> RefusalCode | None:
    """What the table says."""
    if who in MAY[deed]:
        return None
    if deed in {Deed.ACCEPT, Deed.DECLINE}:
        return RefusalCode.CONSENT_NEEDS_FULL_ADMIN
    if deed not in {Deed.START, Deed.GRANT} and who is Who.RIVAL:
        return RefusalCode.NOT_TRIAL_OWNER
    return RefusalCode.ROLE_NOT_ALLOWED


@pytest.mark.parametrize("deed", Deed)
async def test_who_may_do_what(market: Market, deed: Deed) -> None:
    """Whoever the table does not name is refused with a code, and leaves nothing; the others may (section 14, TR-02, CO-05, TC-21, Q-16, RO-02)."""
    allowed = []
    for who in Who:
        acme = await market.customer(admins=2)
        trial = await stage(market, deed, acme)
        by = await person(market, who, acme)
        code = refusal(deed, who)
        if code is None:
            await attempt(market, deed, trial, by, acme)
            allowed.append(who)
        else:
            assert await market.refused(attempt(market, deed, trial, by, acme)) is code
    assert set(allowed) == MAY[deed]


@pytest.mark.parametrize("deed", sorted(set(Deed) - {Deed.START, Deed.ACCEPT, Deed.DECLINE, Deed.GRANT}))
async def test_of_another_partner(market: Market, deed: Deed) -> None:
    """A partner that manages the customer too, with full access, changes nothing of a trial that another has started (TC-21, P14)."""
    acme = await market.customer(admins=2)
    trial = await stage(market, deed, acme)
    await market.manage(market.south, acme)
    for by in sorted(market.south.everybody):
        assert await market.refused(attempt(market, deed, trial, by, acme)) is RefusalCode.NOT_TRIAL_OWNER


def of(market: Market, person_id: PersonId | None, *, south: bool = False) -> Caller:
    """Credentials of a partner, or of a person there."""
    side = market.south if south else market.north
    return Caller(actor=f"partner:{side.partner_id}", partner_id=side.partner_id, person_id=person_id)


async def test_credentials_are_of_one_person(town: Town, market: Market) -> None:
    """A partner's token acts for the person whose it is: for no colleague, for no other partner, and for nobody if it is nobody's (P14, TC-21)."""
    north = market.north
    command = market.request("messaging")
    for caller in (of(market, None), of(market, north.head), of(market, market.south.seller, south=True)):
        assert await market.refused(town.trials.request(caller, command)) is RefusalCode.FORBIDDEN
    trial = await town.trials.request(of(market, north.seller), command)
    assert trial.state is TrialState.PROVISIONING
    question = AskOffer(partner_id=north.partner_id)
    rival = town.trials.offer(of(market, market.south.seller, south=True), question)
    assert await market.refused(rival) is RefusalCode.FORBIDDEN


async def test_another_partner_finds_nothing(town: Town, market: Market) -> None:
    """With another partner's credentials a trial is not there at all, whatever is tried with it (P14, PS-06)."""
    trial = await market.trial()
    rival = of(market, market.south.seller, south=True)
    by = market.south.seller
    people = AssignLicences(trial_id=trial.trial_id, by=by)
    assert await market.refused(town.trials.show(rival, trial.trial_id)) is RefusalCode.TRIAL_NOT_FOUND
    assert await market.refused(town.trials.assign_licences(rival, people)) is RefusalCode.TRIAL_NOT_FOUND


async def test_decisions_of_the_customer_are_no_partners(town: Town, market: Market) -> None:
    """With a partner's credentials nobody grants full access, not even in the name of a full admin (RO-02, CO-05)."""
    trial = await market.consented(await market.customer())
    acme = trial.organisation_id
    grant = GrantFullAccess(partner_id=market.north.partner_id, organisation_id=acme, person_id=admin(acme))
    caller = of(market, market.north.head)
    assert await market.refused(town.organisations.grant_full_access(caller, grant)) is RefusalCode.ROLE_NOT_ALLOWED
    assert await market.access(market.north, acme) == Access.PROVISIONING


async def test_a_second_partner_begins_with_provisioning(town: Town, market: Market) -> None:
    """It asks; only a full admin of the customer raises its access, and nothing that either partner does (RO-01, RO-02, Q-06, Q-16, 18.7)."""
    first = await market.trial("messaging")
    customer = first.organisation_id
    assert await market.access(market.north, customer) == Access.FULL
    full = Manage(partner_id=market.south.partner_id, organisation_id=customer, access=Access.FULL)
    assert await market.refused(town.organisations.manage(SERVICE, full)) is RefusalCode.ROLE_NOT_ALLOWED
    second = Manage(partner_id=market.south.partner_id, organisation_id=customer)
    await town.organisations.manage(SERVICE, second)
    assert await market.access(market.south, customer) == Access.PROVISIONING
    email = await town.value(str, "select email from full_admins where organisation_id = $1", customer)
    other = await market.ask(customer, "calling", side=market.south, admin_email=email)
    await market.run(other.trial_id)
    assert await market.access(market.south, customer) == Access.PROVISIONING
    command = AssignLicences(trial_id=other.trial_id, by=market.south.head)
    assert await market.refused(town.trials.assign_licences(SERVICE, command)) is RefusalCode.ACCESS_LEVEL_INSUFFICIENT
    eve = await town.value(str, "select person_id from full_admins where organisation_id = $1", customer)
    grant = GrantFullAccess(partner_id=market.south.partner_id, organisation_id=customer, person_id=PersonId(eve))
    await town.organisations.grant_full_access(SERVICE, grant)
    await town.trials.assign_licences(SERVICE, command)
    assert await market.access(market.north, customer) == Access.FULL


async def test_grants_end(town: Town, market: Market) -> None:
    """With the relationship, and with the last grace, each partner's own; a paying customer's stay (RO-04, GR-07, 18.7)."""
    first = await market.trial("messaging")
    paying = await market.trial("calling")
    await market.buy(paying.organisation_id, "messaging")
    for trial, access in ((first, Access.NONE), (paying, Access.FULL)):
        await market.ended(await market.show(trial.trial_id))
        assert await market.access(market.north, trial.organisation_id) == access
    unmanage = Manage(partner_id=market.north.partner_id, organisation_id=paying.organisation_id)
    await town.organisations.unmanage(SERVICE, unmanage)
    assert await market.access(market.north, paying.organisation_id) is None
    assert await market.access(market.north, first.organisation_id) == Access.NONE
