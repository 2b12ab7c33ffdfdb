"""What an adversary found beyond what the tables of the requirements say: limits, and what partners may see."""

from datetime import timedelta

from adapters.postgres.forecast import PostgresForecast
from tenure.contracts.device import DeviceReturnAt, ShipDevices
from tenure.errors import RefusalCode
from tenure.ports import Caller
from tests.integration.deletion.town import DAY, SERVICE
from tests.integration.trials.market import Market


async def test_devices_are_still_waited_for_after_an_abort(market: Market) -> None:
    """A fence ends the wait for devices; an erasure that is aborted brings it back, with its date (DV-09, SF-11, EV-03)."""
    town = market.town
    trial = await market.trial("messaging")
    ship = ShipDevices(
        trial_id=trial.trial_id,
        demo_order="DEMO-1",
        serials=("SN-0001",),
        device_ends_at=await town.now() + 300 * DAY,
    )
    await town.devices.ship(SERVICE, ship)
    await market.cancel(trial)
    organisation_id = trial.organisation_id
    await town.advance(town.rules.silence)
    await town.deliver(*(await town.warn(organisation_id)).notices)
    due_at = (await town.assess(organisation_id)).assessment.due_at
    assert due_at is not None
    await town.advance_to(due_at)
    await town.fence(organisation_id)
    await town.trial_steps.check_devices(
        DeviceReturnAt(trial_id=trial.trial_id, organisation_id=organisation_id, as_of=await town.now())
    )
    await town.abort(organisation_id)
    processes = await town.processes(organisation_id)
    assert processes[f"device-return/{trial.trial_id}/1"] == "pending"
    assert "device_return" in await market.dates(organisation_id)


async def test_nobody_is_pestered(market: Market) -> None:
    """One request is mailed ten times at most; the eleventh is refused, and changes nothing (CO-11, CO-12)."""
    trial = await market.ask(await market.customer())
    for _ in range(9):
        await market.resend(trial)
    assert await market.refused(market.resend(trial)) is RefusalCode.MAILED_OFTEN_ENOUGH


async def test_a_partner_without_access_sees_no_people(market: Market) -> None:
    """After the last grace the customer stays in the partner's list, and its people do not (RO-04, Q-01, P14)."""
    trial = await market.ended(await market.trial("messaging"))
    token = Caller(actor="partner:north", partner_id=market.north.partner_id)
    assert (await market.town.trials.show(token, trial.trial_id)).contact is None
    assert (await market.town.organisations.show(token, trial.organisation_id)).people == ()
    assert (await market.town.organisations.show(SERVICE, trial.organisation_id)).people


async def test_a_partner_is_not_told_of_other_partners_requests(market: Market) -> None:
    """What holds a customer's deletion is explained to each partner without the requests of others (P14, WH-01)."""
    customer = await market.customer()
    await market.manage(market.north, customer)
    await market.ask(customer, side=market.south, requested_by=market.south.seller)
    forecast = PostgresForecast(market.town.database, market.town.rules)
    for side, seen in ((market.north, 0), (market.south, 1)):
        await market.manage(side, customer)
        token = Caller(actor="partner:somebody", partner_id=side.partner_id)
        assert len((await forecast.explain(token, customer)).evidence.pending_requests) == seen


async def test_users_stay_for_a_trial_that_is_being_built(market: Market) -> None:
    """The next trial of the organisation is on its way when the grace of the last one ends: nobody is moved out (GR-06, GR-07)."""
    town = market.town
    trial = await market.trial("messaging")
    await market.expired(trial)
    grace = await market.grace(trial)
    await town.advance_to(grace.removal_due_at - timedelta(hours=1))
    await market.person("una", trial.organisation_id)
    nothing = dict.fromkeys(("company_name", "admin_email", "industry", "country"))
    await town.trials.request(SERVICE, market.request("calling", organisation_id=trial.organisation_id, **nothing))
    await town.advance_to(grace.removal_due_at)
    await market.end_grace(grace)
    [una] = await town.fetch("select organisation_id from people where person_id = 'per_una'")
    assert una["organisation_id"] == trial.organisation_id
