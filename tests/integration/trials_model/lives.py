"""Random lives: how an organisation begins, and what happens to it."""

from collections.abc import Callable, Sequence
from random import Random

from tests.integration.trials_model.changes import Assign, Buy, Cancel, Convert, Edit, Expire, Extend, Grant, Record
from tests.integration.trials_model.moves import (
    SERVICES,
    STRAY,
    WAY,
    Accept,
    Attempt,
    Begin,
    Build,
    Decline,
    Move,
    Onward,
    Pass,
    Provide,
    Request,
    Resend,
)
from tests.integration.trials_model.races import Race
from tests.integration.trials_model.table import Scene

type Choice = tuple[int, Callable[[Random], Move]]
"""How often, and what."""


def _which(chance: Random) -> int:
    return chance.randrange(STRAY * 2)


def _by(chance: Random) -> int:
    return chance.choice((0, 0, 0, 0, 0, 0, 1, 2))


def _who_uses_it(chance: Random) -> tuple[frozenset[str], frozenset[str]]:
    """Whom to give a licence, and from whom to take it."""
    people = chance.sample(("full", "admin", "user"), chance.randrange(4))
    return frozenset(people[::2]), frozenset(people[1::2])


def _yes(chance: Random) -> bool:
    return chance.random() < 0.8


def _some(chance: Random) -> frozenset[str]:
    return frozenset(chance.sample(SERVICES, chance.choice((1, 2, 2))))


def _any(chance: Random) -> frozenset[str]:
    return frozenset(chance.sample(SERVICES, chance.randrange(4)))


def _person(chance: Random) -> str:
    return chance.choice(("full", "full", "full", "admin", "user"))


def _asked(chance: Random) -> Move:
    typed = chance.choice(("full", "full", "admin", "user", "stranger"))
    return Request(chance.randrange(2), _some(chance), typed, 30, seller=True, wise=True)


def _asked_foolishly(chance: Random) -> Move:
    length = chance.choice((30, 60, 90))
    return Request(chance.randrange(2), _any(chance), "full", length, seller=_yes(chance), wise=False)


_COMMANDS: Sequence[Choice] = (
    (8, lambda c: Onward(_which(c), 0, c.random() < 0.5)),
    (6, _asked),
    (1, _asked_foolishly),
    (4, lambda c: Accept(_which(c), 0, _person(c), c.random() < 0.5)),
    (3, lambda c: Decline(_which(c), 0, _person(c))),
    (2, lambda c: Resend(_which(c), _by(c))),
    (2, lambda c: Provide(_which(c), _by(c))),
    (3, lambda c: Extend(_which(c), _by(c), c.choice((0, 1, 6, 7, 8, 15, 30, 31)), _yes(c))),
    (3, lambda c: Edit(_which(c), _by(c), _any(c))),
    (3, lambda c: Cancel(_which(c), _by(c), _yes(c))),
    (2, lambda c: Assign(_which(c), _by(c), *_who_uses_it(c))),
    (2, lambda c: Convert(_which(c), 0, _some(c), c.choice((None, 0, 1)), _yes(c))),
    (2, lambda c: Buy(_some(c))),
    (1, lambda c: Expire(c.randrange(3))),
    (2, lambda c: Grant(c.randrange(2), _person(c))),
    (1, lambda _: Record()),
)
_ALONG: Sequence[Choice] = (
    (9, lambda c: Pass(c.choice((0, 0, 0, 1, 2)), c.choice((0, 0, -1, 1, 90)), c.random() < 0.5)),
    (4, lambda c: Race(c.randrange(12), c.randrange(60), c.choice((0, 0, -1, 1)), c.randrange(7))),
    (2, lambda c: Build(_which(c), 0, _some(c))),
    (4, lambda c: Attempt(tuple(c.randrange(20) for _ in range(c.randrange(1, 5))), c.random() < 0.5)),
)


def scene(chance: Random) -> Scene:
    """How the customer and its partners stand when a life begins."""
    return Scene(
        new=chance.random() < 1 / 3,
        owns_messaging=chance.random() < 1 / 3,
        managed=chance.choice((None, None, None, "provisioning", "full")),
        tier2=chance.random() < 1 / 2,
    )


def commands(chance: Random, number: int) -> list[Move]:
    """So many things that people do."""
    return _moves(chance, _COMMANDS, number)


def life(chance: Random, number: int = 32) -> list[Move]:
    """So many things that happen, with time, platform and mail server along; a first trial may be well on its way."""
    beginning: list[Move] = [Begin(chance.choice(WAY))] if chance.random() < 1 / 2 else []
    return beginning + _moves(chance, (*_COMMANDS, *_ALONG), number)


def _moves(chance: Random, choices: Sequence[Choice], number: int) -> list[Move]:
    weights = [times for times, _ in choices]
    return [choose(chance) for _, choose in chance.choices(choices, weights, k=number)]
