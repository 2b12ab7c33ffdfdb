"""An organisation on trial is deleted: everything of its trials goes, but the duty to return devices (XC-07, Q-26, Q-30, NR-04)."""

import pytest

from adapters.postgres.eraser import PostgresEraser
from adapters.postgres.platform import PostgresPlatform
from tenure.contracts.licence import GraceOutcome
from tenure.contracts.organisation import OrganisationState
from tenure.contracts.platform import Built, PlatformOrder
from tenure.contracts.trial import TrialView
from tenure.contracts.trial_process import PlatformProblem, PlatformReport
from tenure.errors import PlatformRefused, RefusalCode, Unavailable
from tenure.ids import PersonId
from tenure.ports import Caller
from tests.integration.deletion.town import OPERATOR, SERVICE
from tests.integration.trials.customer import Customer
from tests.integration.trials.fairground import SITE, Fairground

_OF_TRIALS = (
    "trials",
    "trial_services",
    "trial_requests",
    "orders",
    "phone_numbers",
    "meeting_sites",
    "platform_resources",
    "licence_sets",
    "licence_assignments",
    "notices",
)


class Witnessed(PostgresPlatform):
    """The platform, and what it was told to tear down."""

    def __init__(self, ground: Fairground) -> None:
        super().__init__(ground.town.erasure)
        self.torn_down: list[tuple[str, str | None]] = []
        self.failures = 0

    async def tear_down(self, order: PlatformOrder) -> Built:
        """Tear one service down, unless it fails at first."""
        if self.failures:
            self.failures -= 1
            raise Unavailable("The platform does not answer.")
        self.torn_down.append((order.service, order.resource))
        return await super().tear_down(order)


@pytest.fixture
def platform(ground: Fairground) -> Witnessed:
    """The platform that the eraser of the town asks."""
    platform = Witnessed(ground)
    ground.town.eraser = PostgresEraser(ground.town.erasure, ground.town.rules, ground.town.shelf, platform)
    return platform


async def left(ground: Fairground) -> dict[str, int]:
    """How many rows of trials there are at all."""
    counts = {table: await ground.town.value(int, f"select count(*)::int from {table}") for table in _OF_TRIALS}
    return {table: count for table, count in counts.items() if count}


async def furnished(ground: Fairground) -> Customer:
    """A customer with an active trial that has left something everywhere."""
    customer = await Customer.open(ground, "meetings-enterprise", "calling", "messaging", "contact-center", site=SITE)
    await ground.convert(customer.trial, "messaging")
    await ground.edit(customer.trial, "meetings-enterprise", "contact-center")
    await ground.run(customer.trial.trial_id)
    await ground.ship(customer.trial, "SN-0001")
    south = await ground.partner("south")
    [eve] = await ground.town.fetch("select email from people where person_id = $1", customer.eve)
    await ground.town.trials.request(
        SERVICE, ground.request("calling", side=south, organisation_id=customer.id, admin_email=eve["email"])
    )
    assert set(await left(ground)) == set(_OF_TRIALS)
    return customer


async def test_all_of_it_goes(ground: Fairground, platform: Witnessed) -> None:
    """Trials, requests, orders, numbers, sites, licences, mail and the platform's record are purged; devices stay due (XC-07, Q-26, DM-11)."""
    customer = await furnished(ground)
    await ground.delete_now(customer.trial, customer.eve)
    assert (await ground.town.clear(customer.id)).cleared
    receipt = await ground.town.erase(customer.id)
    assert '"remaining":0' in receipt.document
    assert await left(ground) == {}
    standing = {"contact-center", "meetings-enterprise", "messaging"}
    known = [order for order in platform.torn_down if order[1] is not None]
    assert sorted(known) == [(service, f"{customer.trial.trial_id}/{service}/1") for service in sorted(standing)]
    assert await ground.town.state(customer.id) is OrganisationState.DELETED
    [device] = (await ground.town.devices.outstanding(OPERATOR)).returns
    assert (device.trial_id, device.demo_order) == (customer.trial.trial_id, "DEMO-1")


async def test_services_go_before_what_knows_of_them(ground: Fairground, platform: Witnessed) -> None:
    """While the platform does not answer, the rows stay; then everything is torn down, what is only ordered too (XC-07, PV-04)."""
    customer = await Customer.open(ground, "messaging")
    await ground.edit(customer.trial, "messaging", "contact-center")
    await ground.delete_now(customer.trial, customer.eve)
    assert (await ground.town.clear(customer.id)).cleared
    platform.failures = 1
    with pytest.raises(Unavailable):
        await ground.town.erase(customer.id)
    assert "trials" in await left(ground)
    await ground.town.erase(customer.id)
    assert {service for service, _ in platform.torn_down} == {"messaging", "contact-center"}
    assert await left(ground) == {}


async def test_what_waits_ends_with_it(ground: Fairground) -> None:
    """From the fence on no process of a trial waits for anything, and no mail of one goes out (DM-12, NR-04, NO-11)."""
    customer = await furnished(ground)
    await ground.delete_now(customer.trial, customer.eve)
    assert await ground.post(customer.id) == []
    step = await ground.look(customer.trial.trial_id)
    assert (step.state, step.orders, step.notices) == (None, (), ())
    assert (await ground.look_at_numbers(customer.trial)).held == 0
    assert (await ground.town.trial_steps.conclude(await ground.at(customer.trial.trial_id))).state is None
    processes = await ground.town.processes(customer.id)
    assert processes[f"trial/{customer.trial.trial_id}/1"] == "closed"
    assert processes[f"number-retention/{customer.trial.trial_id}/1"] == "closed"


async def test_a_grace_ends_with_it(ground: Fairground) -> None:
    """Its process finds the organisation gone, and moves, purges and tells nothing more (DM-12, GR-11)."""
    customer = await Customer.open(ground, "meetings", "calling")
    await ground.keep(customer.id, "recordings")
    await customer.told_of("end")
    grace = await ground.grace(customer.trial)
    await ground.delete_now(customer.trial, customer.eve)
    await ground.town.advance_to(grace.removal_due_at)
    assert (await ground.end_grace(grace)).outcome is GraceOutcome.ORGANISATION_GONE
    home = "select organisation_id::text from people where person_id = $1"
    assert await ground.town.value(str, home, customer.una) == customer.id
    assert await ground.kept(customer.id) == ["recordings"]
    assert await ground.queued(customer.id) == set()


async def test_nothing_can_be_done_to_it(ground: Fairground) -> None:
    """Every command is answered as of a deleted organisation; its trial leaves the lists, and is unknown once purged (DM-09, PS-06, SF-11)."""
    customer = await Customer.open(ground, "messaging")
    trial = customer.trial
    await ground.delete_now(trial, customer.eve)
    partner = Caller(actor="partner:ptr_north", partner_id=ground.north.partner_id)

    async def refused_all(code: RefusalCode) -> None:
        for act in (
            ground.extend(trial, 5),
            ground.edit(trial, "messaging", "calling"),
            ground.cancel(trial),
            ground.convert(trial, "messaging"),
            ground.town.trials.show(partner, trial.trial_id),
        ):
            assert await ground.refused(act) is code

    await refused_all(RefusalCode.ORG_DELETED)
    assert (await ground.town.trials.page(OPERATOR)).trials == ()
    assert (await ground.town.clear(customer.id)).cleared
    await ground.town.erase(customer.id)
    await refused_all(RefusalCode.TRIAL_NOT_FOUND)


async def test_its_ids_are_never_used_again(ground: Fairground) -> None:
    """A trial of the same id would revive processes of one that was erased (P11)."""
    command = ground.request("messaging")
    trial = await ground.town.trials.request(SERVICE, command)
    await ground.run(trial.trial_id)
    await ground.delete_now(trial, PersonId(f"per_{trial.trial_id.name}"))
    assert (await ground.town.clear(trial.organisation_id)).cleared
    await ground.town.erase(trial.organisation_id)
    assert await ground.refused(ground.town.trials.request(SERVICE, command)) is RefusalCode.TRIAL_EXISTS


async def building(ground: Fairground) -> tuple[TrialView, tuple[PlatformOrder, ...]]:
    """A trial whose services are being built."""
    trial = await ground.town.trials.request(SERVICE, ground.request("messaging", "calling"))
    return trial, (await ground.look(trial.trial_id)).orders


async def test_built_while_it_is_fenced(ground: Fairground, platform: Witnessed) -> None:
    """What the platform built when the fence came is torn down by the purge; after it nothing is built or written down (SF-11, PV-04)."""
    trial, orders = await building(ground)
    built = await ground.town.platform.build(orders[0])
    await ground.delete_now(trial, PersonId(f"per_{trial.trial_id.name}"))
    with pytest.raises(PlatformRefused):
        await ground.town.platform.build(orders[1])
    assert (await ground.town.clear(trial.organisation_id)).cleared
    await ground.town.erase(trial.organisation_id)
    assert {service for service, _ in platform.torn_down} == {"messaging", "calling"}
    await ground.town.trial_steps.record_platform(PlatformReport(order=orders[0], built=built))
    await ground.town.trial_steps.record_problem(PlatformProblem(order=orders[1], code="org_deleted"))
    assert await left(ground) == {}


async def test_who_was_moved_out_stays(ground: Fairground) -> None:
    """Consumers are not purged with their former organisation; only the trace of it goes (Q-30, DM-08)."""
    customer = await Customer.open(ground, "messaging")
    await ground.ended(customer.trial)
    await ground.delete_now(customer.trial, customer.eve)
    assert (await ground.town.clear(customer.id)).cleared
    await ground.town.erase(customer.id)
    rows = await ground.town.fetch("select person_id, organisation_id, origin_organisation_id from people")
    assert {tuple(row) for row in rows if row["organisation_id"] == "org_consumer"} == {
        (customer.una, "org_consumer", None),
        (customer.ada, "org_consumer", None),
    }
    assert customer.eve not in {row["person_id"] for row in rows}


async def test_the_site_of_an_erased_organisation_is_free(ground: Fairground) -> None:
    """Nothing remembers whose it was: another organisation may take it (XC-07, TR-10)."""
    customer = await Customer.open(ground, "meetings-enterprise", site=SITE)
    await ground.delete_now(customer.trial, customer.eve)
    assert (await ground.town.clear(customer.id)).cleared
    await ground.town.erase(customer.id)
    assert (await ground.trial("meetings-enterprise", site=SITE)).site == SITE
