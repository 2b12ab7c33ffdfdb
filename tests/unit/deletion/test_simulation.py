"""The pure policy over random lives: no promise is ever broken, and without any one guard one is."""

import os
from datetime import timedelta

import pytest

from tenure.policy.rules import BreakerLimit, Rules
from tests.unit.deletion.cast import DAY, START
from tests.unit.deletion.chance import Chance
from tests.unit.deletion.mutants import MUTANTS
from tests.unit.deletion.policies import Policy, policy
from tests.unit.deletion.witness import BrokenPromise
from tests.unit.deletion.world import World

SEEDS = int(os.environ.get("TENURE_SIMULATION_SEEDS", "40"))
"""Lives of the original; a life has some thousand looks."""
MUTANT_SEEDS = 80
PLENTY = BreakerLimit(absolute=1000, share=0)


def live(seed: int, policy: Policy) -> World:
    """Three hundred eventful days and a hundred and fifty calm ones."""
    world = World(seed, policy)
    Chance(world).plan(60, 300 * DAY)
    world.run(START + 300 * DAY)
    world.calm()
    world.run(START + 450 * DAY)
    unfinished = world.unfinished()
    if unfinished:
        raise BrokenPromise(f"still there: {unfinished}")
    return world


def live_all(policy: Policy, seeds: int) -> list[World]:
    """So many lives."""
    return [live(seed, policy) for seed in range(seeds)]


def test_no_promise_is_broken() -> None:
    """Whatever happens, every warning, fence and purge stands before an independent witness, and nothing is exempted.

    P1, P2, P3, P5, P8; DM-05, DM-06, DM-07, DM-08, DM-10, DM-13, DM-15, DM-16, DM-17; AC-02, AC-03, AC-06, AC-10;
    DP-05, DP-06; SF-01, SF-02, SF-03, SF-05, SF-06, SF-11; XC-01.
    """
    worlds = live_all(policy(), SEEDS)
    # The worlds are eventful enough to mean something.
    assert sum(len(world.machinery.fences) for world in worlds) > 2 * SEEDS
    assert sum(len(world.witness.acts) for world in worlds) > 5 * SEEDS


def crowd(policy: Policy) -> World:
    """A hundred and fifty organisations fall due at one moment; the workers go down in the middle of it, for an hour."""
    world = World(1, policy, organisations=150, rules=Rules(fleet_hour=PLENTY, fleet_day=PLENTY), eventful=False)
    for due_at, acts in ((START + 30 * DAY, 10), (START + 60 * DAY, 160)):
        world.run(due_at)
        while len(world.witness.acts) < acts:
            world.run(world.now + timedelta(seconds=5))
        world.asleep_until = world.now + timedelta(hours=1)
    world.run(START + 70 * DAY)
    assert not world.unfinished()
    return world


def test_a_crowd_keeps_within_the_rate() -> None:
    """What falls due together goes one a second, also when it has waited together for workers (SF-05, SF-06)."""
    assert len(crowd(policy()).machinery.fences) == 150


@pytest.mark.parametrize(
    "change",
    [
        ("deletion", "if evidence.turn_at is None or as_of >= evidence.turn_at:", "if True:"),
        (
            "deletion",
            "return evidence.turn_at is None or now > evidence.turn_at + evidence.turn_lag + TURN_LASTS",
            "return evidence.turn_at is None",
        ),
    ],
    ids=["turns are not waited for", "turns do not lapse"],
)
def test_a_crowd_misses_every_guard_of_the_rate(change: tuple[str, str, str]) -> None:
    """Without turns, or with turns that outlast an outage, the crowd goes at once (SF-06)."""
    with pytest.raises(BrokenPromise, match="rate"):
        crowd(policy("rate", [change]))


@pytest.mark.parametrize("name", MUTANTS)
def test_the_witness_misses_every_guard(name: str) -> None:
    """A policy without one guard breaks a promise within some seeds: the witness sees what the guard is for."""
    mutant = policy(name, MUTANTS[name])
    with pytest.raises(BrokenPromise):
        live_all(mutant, MUTANT_SEEDS)
