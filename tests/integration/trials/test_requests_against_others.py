"""A request against a purchase, an import and an erasure at the same moment: one order of events, and never something between (XC-06)."""

import asyncio
import random
from datetime import timedelta
from functools import partial

import pytest

from adapters.postgres.imports import PostgresImports
from tenure.contracts.organisation import DeleteNow, OrganisationState
from tenure.contracts.trial import TrialState, TrialView
from tenure.errors import RefusalCode
from tenure.ids import OrganisationId
from tenure.policy.catalogue import shipped
from tests.integration.deletion.town import SERVICE, Town, admin
from tests.integration.facts.portfolios import licences, organisation, person, store
from tests.integration.trials.courses import Course, race, won
from tests.integration.trials.market import Market

ROUNDS = 24


@pytest.mark.parametrize("way", ["purchase", "import"])
async def test_a_request_against_a_purchase(town: Town, market: Market, way: str) -> None:
    """Bought first, the service cannot be tried; asked for first, it leaves the trial before that begins: it is never both (TR-15, TR-18)."""
    imports = PostgresImports(town.database, town.rules, shipped())
    found = set()
    for seed in range(ROUNDS if way == "purchase" else ROUNDS // 2):
        acme = await market.customer(admins=1)
        await market.manage(market.north, acme)
        paid = licences(f"paid-{acme.name}", acme.name, services=["calling"])
        courses: dict[str, Course] = {
            "ask": partial(market.ask, acme, "calling"),
            "buy": partial(market.buy, acme, "calling") if way == "purchase" else partial(store, imports, paid),
        }
        answers = await race(seed, _apart(seed, courses))
        trial = answers["ask"]
        if isinstance(trial, TrialView):
            await market.run(trial.trial_id)
            assert (await market.show(trial.trial_id)).state is TrialState.CONVERTED
        else:
            assert trial is RefusalCode.SERVICE_ALREADY_OWNED
            assert (await town.trials.page(SERVICE, organisation_id=acme)).trials == ()
        kinds = await town.fetch("select kind from licence_sets where organisation_id = $1", acme)
        assert [row["kind"] for row in kinds] == ["subscription"]
        found.add(isinstance(trial, TrialView))
    assert found == {False, True}


async def test_a_request_against_an_import_of_its_customer(town: Town, market: Market) -> None:
    """Imported first, the address is known and has to be confirmed; asked for first, the import adds to what is there (TR-13, WH-07)."""
    imports = PostgresImports(town.database, town.rules, shipped())
    found = set()
    for seed in range(ROUNDS // 2):
        request = market.request("messaging", admin_email=f"eve@fresh-{seed}.example")
        rows = (
            organisation(f"fresh-{seed}"),
            person(f"fresh-{seed}", f"fresh-{seed}", email=f"Eve@fresh-{seed}.example"),
        )
        courses = _apart(
            seed,
            {"ask": partial(town.trials.request, SERVICE, request), "import": partial(store, imports, *rows)},
        )
        answers = await race(seed, courses)
        assert "import" in won(answers)
        refused = answers["ask"] is RefusalCode.CONFIRMATION_REQUIRED
        assert refused or answers["ask"].state is TrialState.PROVISIONING
        people = await town.value(
            int, "select count(*)::int from people where lower(email) = $1", f"eve@fresh-{seed}.example"
        )
        assert people == (1 if refused else 2)
        found.add(refused)
    assert found == {False, True}


async def test_a_request_against_the_fence(town: Town, market: Market) -> None:
    """Either the request is there and holds the deletion, or the organisation is gone and nothing was asked of it (DP-05, SF-04)."""
    found = set()
    for seed in range(ROUNDS):
        acme = await town.ripe(await market.customer(admins=1))
        await town.advance(timedelta(seconds=2))

        answers = await race(seed, {"ask": partial(market.ask, acme), "fence": partial(_fence, town, acme)})
        asked = isinstance(answers["ask"], TrialView)
        assert asked or answers["ask"] is RefusalCode.ORG_DELETED
        assert await town.state(acme) is (OrganisationState.WARNED if asked else OrganisationState.ERASING)
        assert await town.value(int, "select count(*)::int from trials where organisation_id = $1", acme) == int(asked)
        found.add(asked)
    assert found == {False, True}


async def test_a_request_against_the_customers_own_deletion(town: Town, market: Market) -> None:
    """What was asked for first is not built any more; afterwards nothing can be asked for (DM-11, XC-07)."""
    found = set()
    for seed in range(ROUNDS):
        acme = await market.customer(admins=1)
        await market.manage(market.north, acme)
        name = await town.value(str, "select name from organisations where organisation_id = $1", acme)
        delete = DeleteNow(organisation_id=acme, person_id=admin(acme), confirmation=name)
        courses: dict[str, Course] = {
            "ask": partial(market.ask, acme, "calling"),
            "delete": partial(town.organisations.delete_now, SERVICE, delete),
        }
        answers = await race(seed, courses)
        assert "delete" in won(answers)
        assert await town.state(acme) is OrganisationState.ERASING
        states = await town.fetch("select state from trials where organisation_id = $1", acme)
        if isinstance(answers["ask"], TrialView):
            assert (await market.look(answers["ask"].trial_id)).orders == ()
        else:
            assert answers["ask"] is RefusalCode.ORG_DELETED
            assert states == []
        found.add(bool(states))
    assert found == {False, True}


def _apart(seed: int, courses: dict[str, Course]) -> dict[str, Course]:
    """One of two begins a little later than the other, and with each third seed after it: so either is the first of some."""
    over = asyncio.Event()

    async def before(course: Course) -> object:
        try:
            return await course()
        finally:
            over.set()

    async def later(course: Course) -> object:
        await (over.wait() if seed % 3 == 0 else asyncio.sleep(random.Random(seed).uniform(0, 0.15)))
        return await course()

    late, early = sorted(courses, reverse=seed // 2 % 2 == 1)
    return {early: partial(before, courses[early]), late: partial(later, courses[late])}


async def _fence(town: Town, organisation_id: OrganisationId) -> object:
    """Fence now, once."""
    return await town.countdowns.fence(await town.at(organisation_id))
