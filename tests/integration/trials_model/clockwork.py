"""Plays the processes of one organisation's trials: the same steps in the same order as the workflows, at their instants."""

from collections.abc import Collection
from datetime import datetime

import asyncpg

from adapters.postgres.licences import PostgresLicences
from tenure.contracts.licence import GraceOutcome, LicenceKind, RenewalGraceInput
from tenure.contracts.platform import Deed, PlatformOrder
from tenure.contracts.process import ProcessType
from tenure.contracts.trial import TrialState
from tenure.contracts.trial_process import PlatformReport, TrialAt, TrialInput
from tenure.ids import OrganisationId, TrialId
from tenure.policy.catalogue import shipped
from tests.integration.deletion.town import DOMAIN, Town

_ORDER = (ProcessType.TRIAL_CONSENT, ProcessType.TRIAL, ProcessType.RENEWAL_GRACE, ProcessType.NUMBER_RETENTION)
_PROCESSES = """
select workflow_id, type, input from processes
 where organisation_id = $1 and state <> 'closed' and type = any($2::text[])
 order by array_position($2::text[], type), workflow_id collate "C"
"""
_RUNNING = {TrialState.AWAITING_DETAILS, TrialState.PROVISIONING, TrialState.ACTIVE}


class Clockwork:
    """The open processes of an organisation, and what each saw at its last look."""

    def __init__(self, town: Town, organisation_id: OrganisationId) -> None:
        self._town = town
        self._organisation_id = organisation_id
        self._destruction = PostgresLicences(town.erasure, town.rules, shipped(), message_domain=DOMAIN)
        self._seen: dict[str, object] = {}
        self._due: dict[str, datetime] = {}
        self._builds: dict[TrialId, tuple[PlatformOrder, ...]] = {}
        self._ended: set[str] = set()

    async def open(self) -> list[asyncpg.Record]:
        """The processes that are not closed, a trial's end before a subscription's."""
        return await self._town.fetch(_PROCESSES, self._organisation_id, [type_.value for type_ in _ORDER])

    async def advance(self, to: datetime) -> None:
        """Let time pass, with every process looking at the instants that it waits for."""
        while (due := min(self._due.values(), default=to)) < to:
            await self._town.advance_to(due)
            await self.settle()
        await self._town.advance_to(to)
        await self.settle()

    async def settle(self) -> None:
        """Have every process look, until none finds anything new."""
        while True:
            before, self._seen = self._seen, {}
            self._due.clear()
            self._builds.clear()
            now = await self._town.now()
            for row in await self.open():
                self._seen[row["workflow_id"]] = await self._look(row, now)
            if self._seen == before and all(due > now for due in self._due.values()):
                return

    async def build(self, trial_id: TrialId, services: Collection[str]) -> set[str]:
        """Have the platform carry out orders of a trial to build; answers what it has built."""
        orders = [order for order in self._builds.get(trial_id, ()) if order.service in services]
        for order in orders:
            built = await self._town.platform.build(order)
            await self._town.trial_steps.record_platform(PlatformReport(order=order, built=built))
        return {order.service for order in orders}

    async def _look(self, row: asyncpg.Record, now: datetime) -> object:
        workflow_id = row["workflow_id"]
        match ProcessType(row["type"]):
            case ProcessType.RENEWAL_GRACE:
                return await self._grace(workflow_id, RenewalGraceInput.model_validate(row["input"]), now)
            case ProcessType.TRIAL:
                return await self._trial(workflow_id, _at(row, now))
            case ProcessType.TRIAL_CONSENT:
                consent = await self._town.trial_steps.check_consent(_at(row, now))
                self._wait(workflow_id, consent.deadline_at)
                return consent
            case _:
                numbers = await self._town.trial_steps.check_numbers(_at(row, now))
                self._wait(workflow_id, numbers.held_until)
                return numbers

    async def _trial(self, workflow_id: str, at: TrialAt) -> object:
        steps = self._town.trial_steps
        step = await steps.check_trial(at)
        if step.state not in _RUNNING:
            step = await steps.conclude(at)
        for order in step.orders:
            if order.deed is Deed.TEAR_DOWN:
                report = PlatformReport(order=order, built=await self._town.platform.tear_down(order))
                await steps.record_platform(report)
        self._builds[at.trial_id] = tuple(order for order in step.orders if order.deed is Deed.BUILD)
        self._wait(workflow_id, step.due_at)
        return step

    async def _grace(self, workflow_id: str, grace: RenewalGraceInput, now: datetime) -> object:
        licences = self._town.licences
        if workflow_id not in self._ended:
            check = await licences.check_grace(grace, now)
            if check.outcome is None:
                self._wait(workflow_id, check.removal_due_at)
                return check
            self._ended.add(workflow_id)
            if check.purge_meeting_data:
                await self._destruction.purge_meeting_data(grace, now)
            if check.outcome is GraceOutcome.REMOVED and grace.kind is LicenceKind.TRIAL:
                await licences.end_trial(grace, now)
                await licences.hold_numbers(grace, now)
        return await licences.conclude_grace(grace, now)

    def _wait(self, workflow_id: str, until: datetime | None) -> None:
        if until is not None:
            self._due[workflow_id] = until


def _at(row: asyncpg.Record, now: datetime) -> TrialAt:
    return TrialAt(**dict(TrialInput.model_validate(row["input"])), as_of=now)
