"""Whether a platform keeps to what docs/platform.md asks of it: orders a service and an account of nobody, and tears them down."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from tenure.contracts.onboarding import AccountOrder
from tenure.contracts.platform import Built, Deed, PlatformOrder
from tenure.errors import PlatformRefused, Unavailable
from tenure.ids import OrganisationId, TrialId
from tenure.ports import Platform

_AT_ONCE: Final = 5
_NUMBERS: Final = 2


@dataclass(frozen=True, slots=True)
class Finding:
    """What was asked of the platform, and what is wrong with what it did; None where nothing is."""

    asked: str
    wrong: str | None = None


async def check(platform: Platform, run: str) -> AsyncIterator[Finding]:
    """Check one thing after the other; each says what was asked. A check relies on those before it.

    Args:
        platform: A test installation of the vendor's: numbers and names are really given out.
        run: Names this run in every id, such as `20270301-1`: no place is ever used twice.
    """
    course = _Course(platform, run)
    for asked, act in course.checks():
        try:
            yield Finding(asked, await act())
        except (PlatformRefused, Unavailable) as error:
            yield Finding(asked, str(error))


class _Course:
    """The checks of one run."""

    def __init__(self, platform: Platform, run: str) -> None:
        self._platform = platform
        self._trial = TrialId(f"trl_check-{run}")
        self._organisation = OrganisationId(f"org_check-{run}")
        self._built: Built | None = None

    def checks(self) -> tuple[tuple[str, Callable[[], Awaitable[str | None]]], ...]:
        return (
            (f"A build is answered with a name and {_NUMBERS} numbers", self._build),
            (f"The same build again, {_AT_ONCE} times at once, is answered the same", self._again),
            ("The next turn of a service gets a name and numbers of its own", self._next_turn),
            ("A tear-down, again, and without a name, is no error", self._tear_down),
            ("A build that comes after its tear-down is answered, and takes no new numbers", self._late),
            ("A tear-down of what was never built is no error", self._tear_down_nothing),
            ("The build that it has overtaken is answered, and takes no numbers", self._overtaken),
            (f"An account has one name, {_AT_ONCE} times at once and under another key", self._open_account),
            ("An account is closed, and closing it again is no error", self._close_account),
        )

    async def _build(self) -> str | None:
        self._built = await self._platform.build(self._order())
        return _unless(
            len(self._built.phone_numbers) == _NUMBERS, f"there are {len(self._built.phone_numbers)} numbers"
        )

    async def _again(self) -> str | None:
        answers = await asyncio.gather(*(self._platform.build(self._order()) for _ in range(_AT_ONCE)))
        return _unless(all(each == self._built for each in answers), "there is another answer to the same key")

    async def _next_turn(self) -> str | None:
        second = await self._platform.build(self._order(turn=2))
        await self._platform.tear_down(self._order(Deed.TEAR_DOWN, turn=2, resource=second.resource))
        own = self._built is None or (
            second.resource != self._built.resource and not set(second.phone_numbers) & set(self._built.phone_numbers)
        )
        return _unless(own, "it shares a name or a number with the turn before")

    async def _tear_down(self) -> str | None:
        name = self._built.resource if self._built else None
        for resource in (name, name, None):
            await self._platform.tear_down(self._order(Deed.TEAR_DOWN, resource=resource))
        return None

    async def _late(self) -> str | None:
        late, before = await self._platform.build(self._order()), self._built
        new = set(late.phone_numbers) - set(before.phone_numbers if before else ())
        return _unless(not new, "it was built again")

    async def _tear_down_nothing(self) -> str | None:
        await self._platform.tear_down(self._order(Deed.TEAR_DOWN, turn=3))
        return None

    async def _overtaken(self) -> str | None:
        late = await self._platform.build(self._order(turn=3))
        return _unless(not late.phone_numbers, "it was built, and nobody will ever tear it down")

    async def _open_account(self) -> str | None:
        turns = (*[1] * _AT_ONCE, 2)
        found = await asyncio.gather(*(self._platform.open_account(self._order_account(turn)) for turn in turns))
        return _unless(len(set(found)) == 1, f"it has {len(set(found))} names")

    async def _close_account(self) -> str | None:
        for _ in range(2):
            await self._platform.close_account(self._organisation)
        return None

    def _order(self, deed: Deed = Deed.BUILD, *, turn: int = 1, resource: str | None = None) -> PlatformOrder:
        return PlatformOrder(
            key=f"{self._trial}/calling/{turn}/{deed}",
            deed=deed,
            trial_id=self._trial,
            organisation_id=self._organisation,
            service="calling",
            phone_numbers=_NUMBERS if deed is Deed.BUILD else 0,
            resource=resource,
        )

    def _order_account(self, turn: int) -> AccountOrder:
        return AccountOrder(
            key=f"{self._organisation}/account/{turn}",
            organisation_id=self._organisation,
            generation=turn,
            name="Check of the platform",
            country="DE",
            services=("calling",),
            sites=(),
        )


def _unless(well: bool, wrong: str) -> str | None:
    return None if well else f"{wrong}."
