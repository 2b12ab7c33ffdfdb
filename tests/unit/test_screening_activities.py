"""Screenings and accounts over ports that answer as told: what is written down, and what is tried again when."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from temporalio.testing import ActivityEnvironment

from activities.accounts import AccountActivities
from activities.screenings import ScreeningActivities
from tenure.contracts.onboarding import (
    AccountOrder,
    AccountProblem,
    AccountReport,
    ListScreeningInput,
    OnboardingInput,
    ScreeningDone,
    ScreeningTask,
)
from tenure.contracts.review import ScreeningTrigger
from tenure.contracts.screening import ListId, Screening, Subject
from tenure.errors import PlatformRefused, Unavailable
from tenure.ids import OrganisationId

BAKERY = OrganisationId("org_bakery")
TASK = ScreeningTask(trigger=ScreeningTrigger.CREATE, organisation_id=BAKERY, generation=1)
UPDATE = ListScreeningInput(list_id=ListId.UN, version=2)
ORDER = AccountOrder(
    key="org_bakery/account/1", organisation_id=BAKERY, generation=1, name="Bakery", country="DE", services=("calling",)
)


@dataclass
class Desk:
    """Whom to screen and what to open, who screens and opens, and what is written down of it."""

    answer: Exception | str | None = None
    wanted: bool = True
    written: list[object] = field(default_factory=list)

    async def subject(self, task: ScreeningTask) -> Subject | None:
        """The bakery, while it is wanted."""
        return Subject(names=("Bakery",)) if self.wanted else None

    async def screen(self, subject: Subject) -> Screening:
        """Nothing is found, unless something is wrong."""
        if isinstance(self.answer, Exception):
            raise self.answer
        return Screening(lists=())

    async def record_screening(self, task: ScreeningTask, screening: Screening) -> ScreeningDone:
        """Clear."""
        self.written.append(screening)
        return ScreeningDone.CLEAR

    async def record_unavailable(self, task: ScreeningTask, reason: str) -> None:
        """Not possible."""
        self.written.append(reason)

    async def customers_after(self, update: ListScreeningInput, limit: int) -> Sequence[object]:
        """Nobody, and that is asked."""
        self.written.append("customers")
        return []

    async def close_list_screening(self, update: ListScreeningInput) -> None:
        """Over."""
        self.written.append("closed")

    async def account(self, onboarding: OnboardingInput) -> AccountOrder | None:
        """The bakery's, while it is wanted."""
        return ORDER if self.wanted else None

    async def open_account(self, order: AccountOrder) -> str:
        """What was told."""
        if isinstance(self.answer, Exception):
            raise self.answer
        return str(self.answer)

    async def record_account(self, report: AccountReport) -> None:
        """Open."""
        self.written.append(report)

    async def record_account_problem(self, problem: AccountProblem) -> None:
        """Refused."""
        self.written.append(problem)


async def screened(desk: Desk) -> ScreeningDone:
    """One attempt to screen the bakery."""
    return await ActivityEnvironment().run(ScreeningActivities(desk, desk, None).screen, TASK)  # type: ignore[arg-type]


async def opened(desk: Desk) -> None:
    """One attempt to open the bakery's account."""
    onboarding = OnboardingInput(organisation_id=BAKERY)
    await ActivityEnvironment().run(AccountActivities(desk, desk).open_account, onboarding)  # type: ignore[arg-type]


async def test_what_was_found_is_written_down() -> None:
    """The answer is recorded in the attempt that got it (RPL-19)."""
    desk = Desk()
    assert await screened(desk) is ScreeningDone.CLEAR
    assert desk.written == [Screening(lists=())]


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (Unavailable("The list un is stale."), "The list un is stale."),
        (ValueError("Bakery is not understood"), "The screening broke off (ValueError)."),
    ],
)
async def test_whatever_goes_wrong_is_no_answer(wrong: Exception, reason: str) -> None:
    """A list that is missing, or a fault of our own: why is written down, without the customer, and nothing goes on (RPL-16, TL-01)."""
    desk = Desk(wrong)
    assert await screened(desk) is ScreeningDone.UNAVAILABLE
    assert desk.written == [reason]


async def test_nobody_is_screened_who_is_not_to_be() -> None:
    """Gone, or decided already: nobody is asked, and nothing is written down (RPL-12)."""
    desk = Desk(Unavailable("nobody asks"), wanted=False)
    assert await screened(desk) is ScreeningDone.VOID
    assert desk.written == []


async def test_lists_that_are_kept_elsewhere() -> None:
    """Where a provider keeps the lists, an update of ours is over at once, and concerns nobody (Q-32)."""
    desk = Desk()
    page = await ActivityEnvironment().run(
        ScreeningActivities(desk, desk, None).screen_customers,  # type: ignore[arg-type]
        UPDATE,
    )
    assert (page.screened, page.hits, page.next_after) == (0, 0, None)
    assert desk.written == ["closed"]


async def test_an_account_that_is_opened_or_refused() -> None:
    """Both are answers, and written down in the attempt that got them; a refusal is not tried again (PRV-01, PRV-05)."""
    desk = Desk("account-7")
    await opened(desk)
    assert desk.written == [AccountReport(order=ORDER, resource="account-7")]
    desk = Desk(PlatformRefused("no_capacity"))
    await opened(desk)
    assert desk.written == [AccountProblem(order=ORDER, code="no_capacity")]


async def test_a_platform_that_is_away() -> None:
    """It is asked again when it said; nothing is written down (PRV-04)."""
    desk = Desk(Unavailable("The platform is busy.", retry_after=timedelta(minutes=7)))
    with pytest.raises(Unavailable) as error:
        await opened(desk)
    assert error.value.retry_after == timedelta(minutes=7)
    assert desk.written == []


async def test_no_account_is_opened_that_is_not_ordered() -> None:
    """Each attempt asks whether it still is: a customer that has gone meanwhile gets none (PRV-01, SF-11)."""
    desk = Desk(PlatformRefused("nobody asks"), wanted=False)
    await opened(desk)
    assert desk.written == []
