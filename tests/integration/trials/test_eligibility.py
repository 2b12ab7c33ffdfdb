"""What can be tried, by what is bought and what is on trial already, service by service (TR-15 to TR-19)."""

import pytest

from tenure.contracts.licence import ExpireLicences, LicenceSet
from tenure.contracts.trial import ConsentState, EditTrial, TrialPath, TrialState
from tenure.errors import Refusal, RefusalCode
from tenure.ids import OrganisationId
from tests.integration.deletion.town import DAY, SERVICE, Town
from tests.integration.trials.market import Market

OWNED = RefusalCode.SERVICE_ALREADY_OWNED
ELSEWHERE = RefusalCode.SERVICE_ON_TRIAL_ELSEWHERE
MINE = RefusalCode.ALREADY_ON_TRIAL


async def expire(town: Town, licences: LicenceSet) -> LicenceSet:
    """A subscription expires now."""
    command = ExpireLicences(licence_set_id=licences.licence_set_id, expired_at=await town.now())
    return await town.licences.expire(SERVICE, command)


@pytest.mark.parametrize("managed", [False, True])
@pytest.mark.parametrize(
    ("bought", "tried", "code"),
    [
        ("meetings", "calling", None),
        ("messaging", "calling", None),
        ("calling", "calling", OWNED),
        ("calling", "messaging", None),
    ],
)
async def test_only_what_is_not_bought(
    town: Town, market: Market, bought: str, tried: str, code: RefusalCode | None, managed: bool
) -> None:
    """Who owns meetings or messaging can try calling, who owns calling cannot; managed or not (TR-15, Q-17)."""
    acme = await market.customer()
    await market.buy(acme, bought)
    if managed:
        await market.manage(market.north, acme)
    if code is None:
        assert (await market.ask(acme, tried)).path is (TrialPath.ADD_ON if managed else TrialPath.EXISTING_CUSTOMER)
    else:
        assert await market.refused(market.ask(acme, tried)) is code


@pytest.mark.parametrize("managed", [False, True])
async def test_what_another_partner_has_started(town: Town, market: Market, managed: bool) -> None:
    """While one partner tries calling, another may try meetings, and not calling; managed or not (TR-16, Q-17)."""
    acme = await market.customer()
    await market.consented(acme, "calling")
    if managed:
        await market.manage(market.south, acme)
    assert await market.refused(market.ask(acme, "calling", side=market.south)) is ELSEWHERE
    assert (await market.ask(acme, "meetings", side=market.south)).state is not TrialState.CANCELLED


async def test_a_refused_request_names_what_offends(town: Town, market: Market) -> None:
    """Each service that cannot be tried is named with its reason, and none is left out silently (TR-17)."""
    acme = await market.customer()
    await market.buy(acme, "messaging")
    await market.consented(acme, "calling")
    command = market.request(
        "contact-center", "calling", "messaging", side=market.south, organisation_id=acme, admin_email=None
    )
    await market.manage(market.south, acme)
    with pytest.raises(Refusal) as refusal:
        await town.trials.request(SERVICE, command)
    assert refusal.value.code is ELSEWHERE
    assert refusal.value.details == {"services": {"calling": ELSEWHERE, "messaging": OWNED}}
    rest = command.model_copy(update={"services": ("contact-center",)})
    assert [each.service for each in (await town.trials.request(SERVICE, rest)).services] == ["contact-center"]


async def test_owned_until_removed(town: Town, market: Market) -> None:
    """A subscription in its 60 days is owned still; once removed, the service can be tried again (TR-18, DP-01)."""
    acme = await market.customer()
    licences = await expire(town, await market.buy(acme, "calling"))
    assert licences.removal_due_at is not None
    await town.advance_to(licences.removal_due_at - DAY)
    assert await market.refused(market.ask(acme, "calling")) is OWNED
    await town.execute(
        "update licence_sets set state = 'removed', removed_at = business_now(), removal_due_at = null where licence_set_id = $1",
        licences.licence_set_id,
    )
    assert (await market.ask(acme, "calling")).state is TrialState.PENDING_CONSENT


async def test_meetings_of_before_services_were_reported(town: Town, market: Market) -> None:
    """A set that is only known to be of meetings owns meetings of any edition, and nothing else (TR-15, Q-18)."""
    acme = await market.customer()
    await town.licence_set(acme, "active", meetings=True)
    for service in ("meetings", "meetings-enterprise"):
        site = market.ask(acme, service, site={"url": "acme.meet.example", "time_zone": "UTC"})
        assert await market.refused(site) is OWNED
    assert (await market.ask(acme, "messaging", "calling")).state is TrialState.PENDING_CONSENT


@pytest.mark.parametrize(
    ("end", "mine", "others"),
    [
        (ConsentState.PENDING, RefusalCode.REQUEST_PENDING, None),
        (TrialState.AWAITING_DETAILS, MINE, ELSEWHERE),
        (TrialState.PROVISIONING, MINE, ELSEWHERE),
        (TrialState.ACTIVE, MINE, ELSEWHERE),
        (TrialState.GRACE, MINE, ELSEWHERE),
        (TrialState.ENDED, None, None),
        (TrialState.CANCELLED, None, None),
        (ConsentState.WITHDRAWN, None, None),
        (ConsentState.LAPSED, None, None),
        (ConsentState.DECLINED, None, None),
    ],
)
async def test_a_live_trial_is_in_the_way(
    town: Town, market: Market, end: ConsentState | TrialState, mine: RefusalCode | None, others: RefusalCode | None
) -> None:
    """From acceptance to the end of grace a trial bars its service to everybody; a mere request bars only its own partner (TR-16, TR-18, TR-19, 18.1)."""
    acme = await market.customer()
    await market.reach(await market.ask(acme, "calling"), end)
    for side, code in ((market.south, others), (market.north, mine)):
        act = market.ask(acme, "calling", side=side)
        if code is None:
            assert (await act).state is not TrialState.CANCELLED
        else:
            assert await market.refused(act) is code


async def test_a_pending_request_bars_its_own_partner_alone(town: Town, market: Market) -> None:
    """A second request of the same partner is refused whatever it is for, and names the first (TR-19)."""
    acme = await market.customer()
    first = await market.ask(acme, "calling")
    with pytest.raises(Refusal) as refusal:
        await market.ask(acme, "messaging")
    assert refusal.value.code is RefusalCode.REQUEST_PENDING
    assert refusal.value.details == {"trial_id": first.trial_id}
    await market.ask(acme, "calling", side=market.south)
    await market.accept(first)
    assert (await market.ask(acme, "messaging")).path is TrialPath.ADD_ON


async def test_converted_is_owned(town: Town, market: Market) -> None:
    """What has been converted is bought: it cannot be tried again, by nobody (18.1, TR-15)."""
    acme = await market.customer()
    await market.convert(await market.consented(acme, "calling"), "calling")
    for side in (market.north, market.south):
        assert await market.refused(market.ask(acme, "calling", side=side)) is OWNED


@pytest.mark.parametrize(("service", "code"), [("messaging", OWNED), ("contact-center", ELSEWHERE), ("calling", None)])
async def test_an_edit_is_held_to_the_same(town: Town, market: Market, service: str, code: RefusalCode | None) -> None:
    """What is added passes the same rules; what the trial has already is not in its own way (TC-08, Q-17)."""
    acme = await market.customer()
    await market.buy(acme, "messaging")
    trial = await market.consented(acme, "meetings")
    other = await market.ask(acme, "contact-center", side=market.south)
    await market.accept(other)
    command = EditTrial(trial_id=trial.trial_id, by=market.north.seller, services=("meetings", service))
    act = town.trials.edit(SERVICE, command)
    if code is None:
        assert {each.service for each in (await act).services} == {"meetings", "calling"}
    else:
        assert await market.refused(act) is code


async def test_trials_of_other_organisations_do_not_matter(town: Town, market: Market) -> None:
    """Eligibility is of a service in one organisation (TR-17)."""
    acme, other = await market.customer(), await market.customer()
    await market.buy(acme, "messaging")
    await market.consented(acme, "calling")
    asked = await market.ask(OrganisationId(other), "messaging", "calling", side=market.south)
    assert asked.state is TrialState.PENDING_CONSENT
