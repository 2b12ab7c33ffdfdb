"""What can happen to the trials of an organisation until they are active, and time; played on both sides of the table."""

from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from tenure.contracts.consent import AcceptTrial, DeclineTrial
from tenure.contracts.trial import ProvideDetails, ResendConsent
from tenure.ids import PersonId, TrialId
from tests.integration.deletion.town import DAY, OPERATOR
from tests.integration.trials_model.table import Table
from tests.unit.trials.book import Trial

SERVICES = ("calling", "contact-center", "meetings", "messaging")
MINUTE = timedelta(minutes=1)
WAY = ("pending_consent", "awaiting_details", "provisioning", "active", "grace", "ended")
"""How a trial goes on where nobody stops it."""
STRAY = 18
"""From here on an action is tried on a trial in whatever state."""


@dataclass(frozen=True)
class Move:
    """One thing that happens."""

    async def play(self, table: Table) -> None:
        """Do it to the product and to the model."""
        raise NotImplementedError


@dataclass(frozen=True)
class OfTrial(Move):
    """Something that is done to a trial in a state that it is meant for; now and then to any."""

    STATES: ClassVar[frozenset[str]] = frozenset({"active"})
    which: int
    by: int
    """0: who sells for the trial's partner; 1: another of its admins; 2: who sells for the other partner."""

    async def play(self, table: Table) -> None:
        """Pick the trial and who acts, and do it."""
        by_state: dict[str, list[Trial]] = {}
        for trial in reversed(table.model.trials.values()):
            state = trial.phase(table.model.now)
            if self.fits(trial) and (state in self.STATES or self.which >= STRAY):
                by_state.setdefault(state, []).append(trial)
        if by_state:
            trials = by_state[sorted(by_state)[self.which % len(by_state)]]
            trial = trials[self.which % len(trials)]
            mine = table.model.partners[trial.partner]
            [other] = [each for key, each in table.model.partners.items() if key != trial.partner]
            by = (mine.seller, mine.admin, other.seller)[self.by]
            await self.act(table, trial, TrialId(trial.trial_id), PersonId(by))

    def fits(self, trial: Trial) -> bool:
        """Whether it can be tried at all."""
        return True

    async def act(self, table: Table, trial: Trial, trial_id: TrialId, by: PersonId) -> None:
        """Do it."""
        raise NotImplementedError


@dataclass(frozen=True)
class Pass(Move):
    """Time passes: to some minutes from the next end but so many, or by some days where nothing ends."""

    nth: int
    minutes: int
    lagging: bool

    async def play(self, table: Table) -> None:
        """Let it pass on both sides."""
        now = table.model.now
        dates = [date for date in table.model.dates() if date > now]
        to = dates[self.nth % len(dates)] + self.minutes * MINUTE if dates else now + (self.nth + 1) * DAY
        await table.pass_time(max(to - now, timedelta(0)), lagging=self.lagging)


@dataclass(frozen=True)
class Request(Move):
    """A partner asks for a trial: of what can be tried, where it is wise and something can be."""

    partner: int
    services: frozenset[str]
    typed: str
    length: int
    seller: bool
    wise: bool

    async def play(self, table: Table) -> None:
        """Ask."""
        await table.settle()
        model, trial_id = table.model, table.new_id("trl_")
        partner = list(model.partners)[self.partner]
        mine = model.partners[partner]
        by = mine.seller if self.seller else mine.admin
        free = set(SERVICES) - model.ineligible(SERVICES, partner).keys()
        services = (self.services & free or free or self.services) if self.wise else self.services
        typed = f"per_{trial_id[4:9]}-{self.typed}"
        command = table.request_of(trial_id, partner, set(services), f"{typed}@example.com", self.length, by)
        objections = model.request(trial_id, partner, by, services, typed, self.length)
        await table.outcome(objections, table.town.trials.request(OPERATOR, command))


@dataclass(frozen=True)
class Answer(OfTrial):
    """Somebody answers a request for consent."""

    STATES = frozenset({"pending_consent"})
    person: str

    def fits(self, trial: Trial) -> bool:
        """Where consent was asked for."""
        return trial.consent is not None


@dataclass(frozen=True)
class Accept(Answer):
    """Somebody accepts."""

    full: bool

    async def act(self, table: Table, trial: Trial, trial_id: TrialId, by: PersonId) -> None:
        """Accept."""
        person = PersonId(f"per_{trial_id.name[:5]}-{self.person}")
        command = AcceptTrial(trial_id=trial_id, person_id=person, full_administration=self.full)
        objections = table.model.accept(trial, person, full=self.full)
        await table.outcome(objections, table.town.consents.accept(OPERATOR, command))


@dataclass(frozen=True)
class Decline(Answer):
    """Somebody declines."""

    async def act(self, table: Table, trial: Trial, trial_id: TrialId, by: PersonId) -> None:
        """Decline."""
        person = PersonId(f"per_{trial_id.name[:5]}-{self.person}")
        objections = table.model.decline(trial, person)
        command = DeclineTrial(trial_id=trial_id, person_id=person)
        await table.outcome(objections, table.town.consents.decline(OPERATOR, command))


@dataclass(frozen=True)
class Resend(OfTrial):
    """The partner has the request mailed again."""

    STATES = frozenset({"pending_consent"})

    async def act(self, table: Table, trial: Trial, trial_id: TrialId, by: PersonId) -> None:
        """Resend."""
        command = ResendConsent(trial_id=trial_id, by=by)
        await table.outcome(table.model.resend(trial, by), table.town.trials.resend_consent(OPERATOR, command))


@dataclass(frozen=True)
class Provide(OfTrial):
    """The partner gives the details."""

    STATES = frozenset({"awaiting_details", "provisioning"})

    async def act(self, table: Table, trial: Trial, trial_id: TrialId, by: PersonId) -> None:
        """Give them."""
        command = ProvideDetails(trial_id=trial_id, by=by)
        await table.outcome(table.model.provide(trial, by), table.town.trials.provide_details(OPERATOR, command))


@dataclass(frozen=True)
class Build(OfTrial):
    """The platform builds some of what was ordered."""

    STATES = frozenset({"provisioning", "active"})
    services: frozenset[str] = frozenset(SERVICES)

    async def act(self, table: Table, trial: Trial, trial_id: TrialId, by: PersonId) -> None:
        """Build."""
        await table.settle()
        expected = trial.state in {"provisioning", "active"}
        wanted = (trial.services & self.services) - trial.built if expected else set()
        assert await table.clockwork.build(trial_id, self.services) == wanted
        table.model.build(trial, wanted)


@dataclass(frozen=True)
class Onward(OfTrial):
    """A trial takes its next step towards its term."""

    STATES = frozenset({"pending_consent", "awaiting_details", "provisioning"})
    full: bool

    async def act(self, table: Table, trial: Trial, trial_id: TrialId, by: PersonId) -> None:
        """Accept, give details, or build."""
        await table.settle()
        move: OfTrial
        match trial.state:
            case "pending_consent":
                move = Accept(0, 0, "full", self.full)
            case "awaiting_details":
                move = Provide(0, 0)
            case _:
                move = Build(0, 0)
        await move.act(table, trial, trial_id, by)


@dataclass(frozen=True)
class Begin(Move):
    """A first trial comes as far as some state, by the shortest way."""

    state: str

    async def play(self, table: Table) -> None:
        """Ask, take each step, let it end; where the customer is managed, no consent is waited for."""
        await Request(0, frozenset({"calling", "meetings"}), "full", 30, seller=True, wise=True).play(table)
        trial = list(table.model.trials.values())[-1]
        seller = PersonId(table.model.partners[trial.partner].seller)
        while WAY.index(trial.state) < WAY.index(self.state):
            if trial.state in Onward.STATES:
                await Onward(0, 0, full=False).act(table, trial, TrialId(trial.trial_id), seller)
                await table.settle()
            else:
                await Pass(0, 0, lagging=False).play(table)


@dataclass(frozen=True)
class Attempt(Move):
    """Some mails are about to be sent."""

    which: tuple[int, ...]
    accepted: bool

    async def play(self, table: Table) -> None:
        """Ask whether each still may be."""
        for which in self.which:
            await table.attempt(which, accepted=self.accepted)
