"""What can happen to trials that are under way: what their partner does, and what is bought."""

from dataclasses import dataclass

from tenure.contracts.conversion import ConvertTrial
from tenure.contracts.licence import ExpireLicences
from tenure.contracts.organisation import GrantFullAccess
from tenure.contracts.trial import AssignLicences, CancelTrial, EditTrial, ExtendTrial
from tenure.ids import LicenceSetId, OrderId, PartnerId, PersonId, TrialId
from tests.integration.deletion.town import OPERATOR, SERVICE
from tests.integration.trials_model.moves import Move, OfTrial
from tests.integration.trials_model.table import Table
from tests.unit.trials.book import DAY, LIVE, Trial


@dataclass(frozen=True)
class Extend(OfTrial):
    """The partner sets another end."""

    STATES = frozenset({"active", "grace"})
    days: int
    confirmed: bool

    async def act(self, table: Table, trial: Trial, trial_id: TrialId, by: PersonId) -> None:
        """Extend."""
        command = ExtendTrial(trial_id=trial_id, by=by, days=self.days, confirmed=self.confirmed)
        objections = table.model.extend(trial, by, self.days, confirmed=self.confirmed)
        await table.outcome(objections, table.town.trials.extend(OPERATOR, command))


@dataclass(frozen=True)
class Edit(OfTrial):
    """The partner replaces the services."""

    services: frozenset[str]

    async def act(self, table: Table, trial: Trial, trial_id: TrialId, by: PersonId) -> None:
        """Edit."""
        command = EditTrial(trial_id=trial_id, by=by, services=tuple(sorted(self.services)))
        objections = table.model.edit(trial, by, self.services)
        await table.outcome(objections, table.town.trials.edit(OPERATOR, command))


@dataclass(frozen=True)
class Cancel(OfTrial):
    """The partner cancels."""

    STATES = LIVE | {"pending_consent"}
    confirmed: bool

    async def act(self, table: Table, trial: Trial, trial_id: TrialId, by: PersonId) -> None:
        """Cancel."""
        command = CancelTrial(trial_id=trial_id, by=by, confirmed=self.confirmed)
        objections = table.model.cancel(trial, by, confirmed=self.confirmed)
        await table.outcome(objections, table.town.trials.cancel(OPERATOR, command))


@dataclass(frozen=True)
class Assign(OfTrial):
    """The partner says who holds a licence."""

    give: frozenset[str]
    take: frozenset[str] = frozenset()

    async def act(self, table: Table, trial: Trial, trial_id: TrialId, by: PersonId) -> None:
        """Assign."""
        give, take = (
            {PersonId(f"per_{trial_id.name[:5]}-{person}") for person in people} for people in (self.give, self.take)
        )
        command = AssignLicences(trial_id=trial_id, by=by, give=tuple(sorted(give)), take=tuple(sorted(take)))
        objections = table.model.assign(trial, by, set(give), set(take))
        await table.outcome(objections, table.town.trials.assign_licences(OPERATOR, command))


@dataclass(frozen=True)
class Convert(OfTrial):
    """An order was paid for, placed by a partner or by the customer."""

    STATES = frozenset({"active", "grace"})
    services: frozenset[str]
    seller: int | None
    confirmed: bool

    async def act(self, table: Table, trial: Trial, trial_id: TrialId, by: PersonId) -> None:
        """Convert."""
        seller = None if self.seller is None else list(table.model.partners)[self.seller]
        order_id, licence_set_id = table.new_id("ord_"), table.new_id("lic_z")
        command = ConvertTrial(
            trial_id=trial_id,
            order_id=OrderId(order_id),
            licence_set_id=LicenceSetId(licence_set_id),
            services=tuple(sorted(self.services)),
            ordered_by=seller and PartnerId(seller),
            confirmed=self.confirmed,
        )
        objections = table.model.convert(
            trial, (order_id, licence_set_id), self.services, seller, confirmed=self.confirmed
        )
        await table.outcome(objections, table.town.trials.convert(OPERATOR, command))


@dataclass(frozen=True)
class Buy(Move):
    """The customer buys services."""

    services: frozenset[str]

    async def play(self, table: Table) -> None:
        """Buy."""
        await table.buy(set(self.services))


@dataclass(frozen=True)
class Grant(Move):
    """Somebody of the customer lets a partner administer everything."""

    partner: int
    person: str

    async def play(self, table: Table) -> None:
        """Grant it."""
        partner, person = list(table.model.partners)[self.partner], table.person(self.person)
        command = GrantFullAccess(
            organisation_id=table.organisation_id, partner_id=PartnerId(partner), person_id=PersonId(person)
        )
        await table.outcome(
            table.model.grant(partner, person), table.town.organisations.grant_full_access(SERVICE, command)
        )


@dataclass(frozen=True)
class Record(Move):
    """A meeting is recorded, where there are any."""

    async def play(self, table: Table) -> None:
        """Record it."""
        if table.model.holds_meetings():
            await table.record()


@dataclass(frozen=True)
class Expire(Move):
    """A subscription has come to its end."""

    which: int

    async def play(self, table: Table) -> None:
        """Report it now, a day late, or much too late, where one is active."""
        active = [key for key, one in table.model.subscriptions.items() if one.state == "active"]
        if active:
            key = active[self.which % len(active)]
            late = (0, 1, 70)[self.which] * DAY
            expired_at = max(table.model.now - late, table.model.subscriptions[key].since or table.model.now)
            command = ExpireLicences(licence_set_id=LicenceSetId(key), expired_at=expired_at)
            await table.town.licences.expire(SERVICE, command)
            table.model.expire(key, expired_at)
