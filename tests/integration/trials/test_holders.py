"""Who holds a licence of a trial, by what its partner says (PV-05)."""

import asyncio

import pytest

from tenure.contracts.organisation import Role
from tenure.contracts.trial import AssignLicences, TrialView
from tenure.errors import RefusalCode
from tenure.ids import PersonId
from tests.integration.deletion.town import SERVICE, Town
from tests.integration.trials.market import Market


async def holding(town: Town, trial: TrialView) -> set[str]:
    """Who holds a licence of a trial."""
    rows = await town.fetch("select person_id from licence_assignments where licence_set_id = $1", trial.licence_set_id)
    return {row["person_id"] for row in rows}


async def test_setting_up_a_new_customer(town: Town, market: Market) -> None:
    """The partner that brought a customer gives its people licences, and takes them again; strangers cannot hold one (PV-05)."""
    trial = await market.trial()
    user = await market.person("user", trial.organisation_id, Role.USER)
    stranger = await market.person("stranger", await market.customer(), Role.USER)
    for give, take, holders in (((user,), (), {user}), ((user, user), (), {user}), ((), (user,), set())):
        command = AssignLicences(trial_id=trial.trial_id, by=market.north.helper, give=give, take=take)
        for _ in range(2):
            await town.trials.assign_licences(SERVICE, command)
            assert await holding(town, trial) == holders
    done = await town.fetch("select details - 'trial_id' as details from audit where action = 'licences_assigned'")
    assert [row["details"] for row in done] == [{"given": 1, "taken": 0}, {"given": 0, "taken": 1}]
    for give, take in (((user, stranger), ()), ((), (stranger,))):
        command = AssignLicences(trial_id=trial.trial_id, by=market.north.seller, give=give, take=take)
        assert await market.refused(town.trials.assign_licences(SERVICE, command)) is RefusalCode.PERSON_NOT_FOUND
    assert await holding(town, trial) == set()


async def test_two_who_say_who_uses_it_both_have_their_way(town: Town, market: Market) -> None:
    """Each says what it changes, so that neither undoes what the other has done at the same time (PV-05, XC-06)."""
    trial = await market.trial()
    una, ulf, uwe = [await market.person(name, trial.organisation_id, Role.USER) for name in ("una", "ulf", "uwe")]

    def assign(by: PersonId, **change: tuple[PersonId, ...]) -> AssignLicences:
        return AssignLicences.model_validate({"trial_id": trial.trial_id, "by": by} | change)

    await town.trials.assign_licences(SERVICE, assign(market.north.head, give=(una, ulf)))
    await asyncio.gather(
        town.trials.assign_licences(SERVICE, assign(market.north.head, take=(una,))),
        town.trials.assign_licences(SERVICE, assign(market.north.seller, give=(uwe,))),
    )
    assert await holding(town, trial) == {ulf, uwe}
    with pytest.raises(ValueError, match="at once"):
        assign(market.north.head, give=(una,), take=(una,))
