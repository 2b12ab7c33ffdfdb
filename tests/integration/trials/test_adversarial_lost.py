"""Effects of trials that could get lost: what was built and is to go, numbers, ids that are taken (PV-04, TC-08, TC-09, NR, P10, P11)."""

import pytest

from adapters.postgres.imports import PostgresImports
from tenure.contracts.licence import GrantLicences, LicenceKind
from tenure.contracts.platform import Built, Deed, PlatformOrder
from tenure.contracts.trial import TrialState
from tenure.contracts.trial_process import PlatformReport
from tenure.errors import Refusal, RefusalCode
from tenure.ids import LicenceSetId
from tenure.policy.catalogue import shipped
from tenure.portfolio import JSON_LINES
from tests.integration.deletion.town import OPERATOR, SERVICE
from tests.integration.facts.portfolios import licences, lines
from tests.integration.trials.fairground import Fairground


async def built(ground: Fairground, order: PlatformOrder) -> Built:
    """The platform does what it is asked, and that is written down."""
    act = ground.town.platform.build if order.deed is Deed.BUILD else ground.town.platform.tear_down
    done = await act(order)
    await ground.town.trial_steps.record_platform(PlatformReport(order=order, built=done))
    return done


async def standing(ground: Fairground) -> set[str]:
    """What stands on the platform."""
    rows = await ground.town.fetch("select resource from platform_resources where torn_down_at is null")
    return {row["resource"] for row in rows}


async def test_a_service_that_comes_back_before_it_went(ground: Fairground) -> None:
    """Removed and added again while the platform is away: the first is torn down, the second is built (PV-04, TC-07)."""
    trial = await ground.trial("messaging", "contact-center")
    await ground.edit(trial, "messaging")
    await ground.edit(trial, "messaging", "contact-center")
    await ground.run(trial.trial_id)
    assert await standing(ground) == {f"{trial.trial_id}/messaging/1", f"{trial.trial_id}/contact-center/2"}
    assert await ground.services(trial) == {"messaging": "built", "contact-center": "built"}
    await ground.cancel(trial)
    await ground.run(trial.trial_id)
    assert await standing(ground) == set()


async def test_numbers_of_calling_that_was_bought_while_it_was_built(ground: Fairground) -> None:
    """They go to the purchase, and no later end of the trial takes them away (TC-20, NR-03)."""
    asked = await ground.town.trials.request(SERVICE, ground.request("messaging", "calling"))
    for order in (await ground.look(asked.trial_id)).orders:
        if order.service == "calling":
            await built(ground, order)
    paid = await ground.buy(asked.organisation_id, "calling")
    await ground.run(asked.trial_id)
    trial = await ground.show(asked.trial_id)
    assert trial.state is TrialState.ACTIVE
    assert await ground.numbers(trial.organisation_id) == [("assigned", paid.licence_set_id)]
    await ground.cancel(trial)
    assert await ground.numbers(trial.organisation_id) == [("assigned", paid.licence_set_id)]


async def test_cancelling_leaves_what_was_bought_while_it_was_built(ground: Fairground) -> None:
    """Its service and its number stand on, though the trial that built them is never active (TC-11, TC-09)."""
    asked = await ground.town.trials.request(SERVICE, ground.request("messaging", "calling"))
    for order in (await ground.look(asked.trial_id)).orders:
        if order.service == "calling":
            await built(ground, order)
    paid = await ground.buy(asked.organisation_id, "calling")
    await ground.cancel(asked)
    assert await ground.services(asked) == {"messaging": "leaving", "calling": "bought"}
    await ground.run(asked.trial_id)
    assert await standing(ground) == {f"{asked.trial_id}/calling/1"}
    assert await ground.numbers(asked.organisation_id) == [("assigned", paid.licence_set_id)]


async def test_a_released_number_that_is_given_again(ground: Fairground) -> None:
    """The platform may give it to somebody else later: then it is on hold, and released, with that trial (NR-01, NR-02)."""
    first = await ground.trial("calling")
    await ground.cancel(first)
    row = await ground.town.fetch("select phone_number, held_until from phone_numbers")
    number, until = row[0]["phone_number"], row[0]["held_until"]
    await ground.town.advance_to(until)
    assert (await ground.look_at_numbers(first)).released == 1
    second = await ground.town.trials.request(SERVICE, ground.request("calling"))
    [order] = (await ground.look(second.trial_id)).orders
    report = PlatformReport(order=order, built=Built(resource="again", phone_numbers=(number,)))
    await ground.town.trial_steps.record_platform(report)
    await ground.run(second.trial_id)
    active = await ground.show(second.trial_id)
    assert await ground.numbers(second.organisation_id) == [("assigned", active.licence_set_id)]
    assert await ground.numbers(first.organisation_id) == []
    await ground.cancel(active)
    assert [state for state, _ in await ground.numbers(second.organisation_id)] == ["held"]


@pytest.mark.parametrize("way", ["grant", "import"])
async def test_the_licence_set_of_a_trial_is_nobody_else_s(ground: Fairground, way: str) -> None:
    """Its id cannot be taken while the trial is being built, which would never become active then, and defer a deletion for ever (P11, PV-07, DM-10)."""
    asked = await ground.town.trials.request(SERVICE, ground.request("messaging"))
    other = await ground.town.organisation()
    taken = LicenceSetId(f"lic_{asked.trial_id.name}-trial")
    if way == "grant":
        command = GrantLicences(licence_set_id=taken, organisation_id=other, kind=LicenceKind.SUBSCRIPTION)
        with pytest.raises(Refusal) as refusal:
            await ground.town.licences.grant(SERVICE, command)
        assert refusal.value.code is RefusalCode.LICENCE_SET_EXISTS
    else:
        content = lines(licences(taken.removeprefix("lic_"), other.removeprefix("org_")))
        report = await PostgresImports(ground.town.database, ground.town.rules, shipped()).store(
            OPERATOR, content, JSON_LINES
        )
        assert [error.code for error in report.errors] == ["licence_set_exists"]
    await ground.run(asked.trial_id)
    assert (await ground.show(asked.trial_id)).state is TrialState.ACTIVE
