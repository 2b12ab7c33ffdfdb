"""Provisioning over a platform that answers as told: what is written down, and what is tried again when."""

from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory
from temporalio.testing import ActivityEnvironment
from temporalio.workflow import ActivityCancellationType

from activities.provisioning import REFUSED, ProvisioningActivities
from adapters.platform.http import WHOLE
from tenure.contracts.platform import NO_ANSWER, Built, Deed, PlatformOrder
from tenure.contracts.trial_process import PlatformProblem, PlatformReport
from tenure.errors import PlatformRefused, Unavailable
from tenure.ids import OrganisationId, TrialId
from workflows import _options

BUILT = Built(resource="trl_bakery/calling/1", phone_numbers=("+999000000001",))


def order(deed: Deed) -> PlatformOrder:
    return PlatformOrder(
        key=f"trl_bakery/calling/1/{deed}",
        deed=deed,
        trial_id=TrialId("trl_bakery"),
        organisation_id=OrganisationId("org_bakery"),
        service="calling",
    )


@dataclass
class Desk:
    """A platform, and the ledger beside it, which may fail first."""

    answers: list[Built | Exception]
    broken: int = 0
    asked: list[tuple[str, str]] = field(default_factory=list)
    written: list[PlatformReport | PlatformProblem] = field(default_factory=list)

    async def build(self, order: PlatformOrder) -> Built:
        """Build."""
        return self._answer("build", order)

    async def tear_down(self, order: PlatformOrder) -> Built:
        """Tear down."""
        return self._answer("tear_down", order)

    async def record_platform(self, report: PlatformReport) -> None:
        """Done."""
        self._write(report)

    async def record_problem(self, problem: PlatformProblem) -> None:
        """Refused."""
        self._write(problem)

    def _answer(self, what: str, order: PlatformOrder) -> Built:
        self.asked.append((what, order.key))
        answer = self.answers[min(len(self.asked), len(self.answers)) - 1]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _write(self, entry: PlatformReport | PlatformProblem) -> None:
        if self.broken:
            self.broken -= 1
            raise Unavailable("The database does not answer.")
        self.written.append(entry)


async def carry_out(desk: Desk, deed: Deed) -> Built:
    """One attempt."""
    activities = ProvisioningActivities(desk, desk)  # type: ignore[arg-type]
    environment = ActivityEnvironment()
    if deed is Deed.BUILD:
        return await environment.run(activities.build, order(deed))
    return await environment.run(activities.tear_down, order(deed))


@pytest.mark.parametrize("deed", Deed)
async def test_what_was_done_is_written_down(deed: Deed) -> None:
    """The platform is asked for that deed, and its answer is in the facts when the activity ends (PV-04)."""
    desk = Desk([BUILT])
    assert await carry_out(desk, deed) == BUILT
    assert desk.asked == [(deed, order(deed).key)]
    assert desk.written == [PlatformReport(order=order(deed), built=BUILT)]


@pytest.mark.parametrize("deed", Deed)
async def test_what_could_not_be_written_down_is_asked_for_again(deed: Deed) -> None:
    """After a failure in between the same key is asked again, and then written down once (PV-04)."""
    desk = Desk([BUILT], broken=1)
    with pytest.raises(Unavailable, match="database"):
        await carry_out(desk, deed)
    assert await carry_out(desk, deed) == BUILT
    assert desk.asked == [(deed, order(deed).key)] * 2
    assert desk.written == [PlatformReport(order=order(deed), built=BUILT)]


@pytest.mark.parametrize("deed", Deed)
async def test_a_refusal_is_written_down_and_tried_again_in_an_hour(deed: Deed) -> None:
    """Its code is with the trial; the history holds nothing of the platform's words, and nobody is alarmed (PV-04)."""
    desk = Desk([PlatformRefused("no_capacity", "Ada Lovelace has too many.")])
    with pytest.raises(ApplicationError) as failure:
        await carry_out(desk, deed)
    assert desk.written == [PlatformProblem(order=order(deed), code="no_capacity")]
    assert (failure.value.type, failure.value.non_retryable) == (REFUSED, False)
    assert failure.value.next_retry_delay == timedelta(hours=1)
    assert failure.value.category is ApplicationErrorCategory.BENIGN
    assert "Ada" not in str(failure.value)
    assert failure.value.__cause__ is None


@pytest.mark.parametrize("rest", [None, timedelta(minutes=10)])
async def test_the_platform_is_left_alone_as_long_as_it_asks_for(rest: timedelta | None) -> None:
    """That nobody knows is written down, without words; where the platform says no time, the policy decides (PV-04)."""
    desk = Desk([Unavailable("The platform answered 503.", retry_after=rest)])
    with pytest.raises(Unavailable, match=r"^The platform answered 503\.$") as failure:
        await carry_out(desk, Deed.BUILD)
    assert desk.written == [PlatformProblem(order=order(Deed.BUILD), code=NO_ANSWER)]
    assert failure.value.retry_after == rest


def test_an_order_is_tried_for_ever_and_waited_for_by_nobody_who_gave_up() -> None:
    """No number of attempts ends it, one ends before Temporal gives it up, and a cancelled trial goes on at once (PV-04)."""
    options = _options.platform("Build calling")
    whole, policy = options["start_to_close_timeout"], options["retry_policy"]
    assert whole is not None
    assert policy is not None
    assert whole > WHOLE
    assert options["cancellation_type"] is ActivityCancellationType.TRY_CANCEL
    assert (policy.maximum_attempts, policy.maximum_interval) == (0, timedelta(hours=1))
    assert "schedule_to_close_timeout" not in options
