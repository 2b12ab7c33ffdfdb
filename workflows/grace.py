"""The grace of suspended licences: restored, or removed in the end."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.erasures import DestructionActivities
    from activities.graces import GraceActivities
    from tenure import names
    from tenure.contracts.licence import (
        GraceAt,
        GraceCheck,
        GraceOutcome,
        LicenceKind,
        RenewalGraceContract,
        RenewalGraceInput,
        RenewalGraceResult,
    )
    from workflows import _options
    from workflows._delivering import Deliveries
    from workflows._waiting import Watch, show


@workflow.defn(name="RenewalGrace")
class RenewalGrace(RenewalGraceContract):
    """Suspended licences rest for 30 days (trial) or 60 (subscription), then are removed or have been restored."""

    @workflow.init
    def __init__(self, grace: RenewalGraceInput) -> None:
        self._grace = grace
        self._watch = Watch()
        self._deliveries = Deliveries(self._watch, "Deliver a mail about the trial")
        self._check: GraceCheck | None = None

    @workflow.run
    async def run(self, grace: RenewalGraceInput) -> RenewalGraceResult:
        """Wait out the grace."""
        check = await self._look()
        while check.outcome is None:
            await self._renew()
            await self._watch.rest(check.removal_due_at, _waits_for(check, grace.kind))
            check = await self._look()
        if check.purge_meeting_data:
            await self._purge_meeting_data()
        if check.outcome is GraceOutcome.REMOVED and grace.kind is LicenceKind.TRIAL:
            await self._end_trial()
        result = await self._conclude()
        while result.notices:  # who was told in the end is told whatever a mail server says today
            await self._renew()
            await self._watch.wait()
            result = await self._conclude()
        return result

    async def _renew(self) -> None:
        """Go on in a next run, where this one has become long; it repeats no step that was taken (GR-11)."""
        if self._watch.long_run():
            await self._deliveries.withdraw()
            workflow.continue_as_new(self._grace)

    async def _look(self) -> GraceCheck:
        self._watch.look()
        check = await workflow.execute_activity_method(
            GraceActivities.check, self._now(), **_options.facts("Look whether the grace is over")
        )
        self._check = check
        self._deliveries.follow(check.notices)
        if check.outcome is None:
            show(
                "grace",
                check.removal_due_at,
                _waits_for(check, self._grace.kind),
                f"Licence set {self._grace.licence_set_id}, of a {self._grace.kind}",
                _way_out(check, self._grace.kind),
            )
        return check

    async def _purge_meeting_data(self) -> None:
        show("purging", None, "RP-05, purges the meeting data")
        await workflow.execute_activity_method(
            DestructionActivities.purge_meeting_data,
            self._now(),
            **_options.destruction("Purge meeting data, unless a meetings licence is back"),
        )

    async def _end_trial(self) -> None:
        """What goes with a trial's licences, step by step, none repeated: users, mails, services, numbers (GR-11)."""
        if not workflow.patched(names.TRIAL_GRACE_END):
            return
        show("ending", None, "GR-06, the trial is over for good")
        end = await workflow.execute_activity_method(
            GraceActivities.end_trial, self._now(), **_options.facts("Move the users, where no licence is left")
        )
        self._deliveries.follow(end.notices)
        await workflow.execute_activity_method(
            GraceActivities.hold_numbers, self._now(), **_options.facts("Hold the phone numbers")
        )

    async def _conclude(self) -> RenewalGraceResult:
        self._watch.look()
        result = await workflow.execute_activity_method(
            GraceActivities.conclude, self._now(), **_options.facts("Close the grace, and evaluate marking")
        )
        self._deliveries.follow(result.notices)
        if workflow.patched(names.GRACE_SHOWS_ITS_END):
            show(
                f"grace_{result.outcome}",
                None,
                f"GR-11, the grace is over: {result.outcome}",
                f"Licence set {self._grace.licence_set_id}, of a {self._grace.kind}",
                *([f"Mails under way: {len(result.notices)}"] if result.notices else []),
            )
        return result

    def _now(self) -> GraceAt:
        return GraceAt(**dict(self._grace), as_of=workflow.now())

    @workflow.signal(name="facts_changed", description="Something was committed that may concern this process.")
    async def facts_changed(self) -> None:
        """Something was committed that may concern this process: read the facts again."""
        self._watch.tell()

    @workflow.query(name="state", description="What was found at the last look.")
    def state(self) -> GraceCheck | None:
        """What was found at the last look."""
        return self._check


def _waits_for(check: GraceCheck, kind: LicenceKind) -> str:
    if check.cancelled:
        return "Q-32: meeting data of a cancelled trial rest"
    return f"{'GR-01' if kind is LicenceKind.TRIAL else 'RP-01'}: licences of a {kind} rest"


def _way_out(check: GraceCheck, kind: LicenceKind) -> str:
    if check.cancelled:
        return "A meetings licence that is there by then keeps them; the licences of the trial are gone."
    if kind is LicenceKind.TRIAL:
        return "Before then an extension brings them back, or an order for what it covers; after it nothing does."
    return "Before then a paid subscription brings them back; after it nothing does."
