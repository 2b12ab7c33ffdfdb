"""The product and the model side by side: what is done to one is done to the other, and both are compared."""

from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from pprint import pformat
from typing import Self

from tenure.contracts.licence import GrantLicences, LicenceKind
from tenure.contracts.notice import TrialMatter
from tenure.contracts.trial import RequestTrial
from tenure.errors import Refusal
from tenure.ids import LicenceSetId, OrganisationId, PartnerId, PersonId, TrialId
from tests.integration.deletion.town import DAY, OPERATOR, SERVICE, Town
from tests.integration.trials_model.clockwork import Clockwork
from tests.integration.trials_model.reading import dropped, ending, expected, said
from tests.unit.trials.book import Note, Partner, Trial
from tests.unit.trials.model import Model

_numbers = count(1)
_PEOPLE = """
insert into people (person_id, organisation_id, name, email, created_at)
select person_id, $1, 'Somebody', person_id || '@example.com', business_now() from unnest($2::text[]) as person_id
"""
_ROLES = "insert into person_roles select * from unnest($1::text[], $2::text[])"
_ABOUT_AN_END = {"trial_ending", "trial_ending_partner", "trial_expired", "trial_expired_partner", "access_gone"}


@dataclass(frozen=True)
class Scene:
    """How a life begins."""

    new: bool = False
    """The organisation is a new customer of the first partner."""
    owns_messaging: bool = False
    managed: str | None = None
    """What the first partner may do there."""
    tier2: bool = False
    """The second partner sells through the first."""


class Table:
    """One organisation and two partners, in the product and in the model."""

    def __init__(self, town: Town, organisation_id: OrganisationId, model: Model, name: str) -> None:
        self.town = town
        self.organisation_id = organisation_id
        self.model = model
        self.clockwork = Clockwork(town, organisation_id)
        self.name = name
        self._numbers = count(1)
        self._left_off: set[Note] = set()
        """Mails that were not true when they were about to be sent."""
        self.lagging = False
        """Time has passed that no process has seen."""

    @classmethod
    async def lay(cls, town: Town, scene: Scene) -> Self:
        """Make the partners, the organisation and its people."""
        name = f"m{next(_numbers):04d}"
        partners: dict[str, Partner] = {}
        for which in ("a", "b"):
            own = await town.organisation(admins=0)
            partner_id = await town.partner(own)
            people = {f"per_{name}-{which}-sal": "partner_sales_admin", f"per_{name}-{which}-pat": "partner_admin"}
            await _people(town, own, people)
            partners[partner_id] = Partner(*people)
        first, second = partners
        if scene.tier2:
            await town.execute("update partners set tier = 2, distributor_id = $2 where partner_id = $1", second, first)
            partners[second].distributor = first
        organisation_id = OrganisationId(f"org_{name}-1") if scene.new else await town.organisation(admins=0)
        people = {f"per_{name}-{role}": role for role in ("full", "admin", "user")}
        table = cls(town, organisation_id, Model(await town.now(), partners, people), name)
        if scene.new:
            await table._create(first)
        roles = {"full": "customer_full_admin", "admin": "customer_admin", "user": "user"}
        await _people(town, organisation_id, {person: roles[role] for person, role in people.items()})
        if scene.owns_messaging:
            await table.buy({"messaging"})
        if scene.managed is not None and not scene.new:
            await town.execute(
                "insert into managements values ($1, $2, $3, business_now())", first, organisation_id, scene.managed
            )
            table.model.access[first] = scene.managed
        await table.settle()
        return table

    async def _create(self, partner: str) -> None:
        trial_id, person = self.new_id("trl_"), f"per_{self.name}-1"
        command = self.request_of(trial_id, partner, {"calling", "messaging"}, f"{person}@example.com", 30)
        await self.town.trials.request(OPERATOR, command.model_copy(update={"organisation_id": None}))
        self.model.people[person] = "full"
        self.model.create(
            Trial(trial_id, partner, "new", frozenset({"calling", "messaging"}), 30, person, "provisioning")
        )

    def person(self, role: str) -> str:
        """Who had this role in the organisation at the beginning."""
        return f"per_{self.name}-{role}"

    def new_id(self, prefix: str) -> str:
        """An id that nothing has yet; those of subscriptions come after those of trials."""
        return f"{prefix}{self.name}-{next(self._numbers)}"

    def request_of(
        self, trial_id: str, partner: str, services: set[str], email: str, length: int, by: str | None = None
    ) -> RequestTrial:
        """A complete request to this organisation."""
        return RequestTrial(
            trial_id=TrialId(trial_id),
            partner_id=PartnerId(partner),
            requested_by=PersonId(by or self.model.partners[partner].seller),
            services=tuple(sorted(services)),
            length_days=length,
            organisation_id=self.organisation_id,
            company_name="Name",
            admin_email=email,
            industry="technology",
            country="DE",
        )

    # What happens to both.

    async def outcome(self, objections: set[str], command: Awaitable[object]) -> None:
        """A command is refused with one of the codes that the model names, and with none is carried out."""
        found = None
        try:
            await command
        except Refusal as refusal:
            found = refusal.code
        assert found in objections if objections else found is None, objections

    async def buy(self, services: set[str]) -> None:
        """The customer buys services."""
        licence_set_id = self.new_id("lic_z")
        command = GrantLicences(
            licence_set_id=LicenceSetId(licence_set_id),
            organisation_id=self.organisation_id,
            kind=LicenceKind.SUBSCRIPTION,
            meetings="meetings" in services,
            services=tuple(sorted(services)),
        )
        await self.town.licences.grant(SERVICE, command)
        self.model.buy(licence_set_id, services)

    async def record(self) -> None:
        """A meeting is recorded."""
        await self.town.execute(
            "insert into content (organisation_id, store, item_id) values ($1, 'recordings', $2)",
            self.organisation_id,
            self.new_id("rec_"),
        )
        self.model.record()

    async def pass_time(self, by: timedelta, *, lagging: bool) -> None:
        """Time passes; while it lags, no process looks."""
        to = self.model.now + by
        if lagging:
            self.model.now = to
            await self.town.advance_to(to)
            self.lagging = True
        else:
            await self.settle()
            self.model.advance(to)
            await self.clockwork.advance(to)

    async def settle(self) -> None:
        """Everything that is due is carried out now."""
        self.model.settle()
        await self.clockwork.settle()
        self.lagging = False

    # What is compared.

    async def compare(self) -> None:
        """The product stands where the model says."""
        product, model = await said(self.town, self.organisation_id), expected(self.model)
        for what in model:
            self.same(what, product[what], model[what])
        true = {note for note in await dropped(self.town, self.organisation_id) if self.model.is_true(note)}
        self.same("dropped", true - self._left_off, set())

    def same(self, what: str, product: object, model: object) -> None:
        """Say what differs."""
        if product != model:
            raise AssertionError(f"{what}\nproduct {pformat(product, width=160)}\nmodel   {pformat(model, width=160)}")

    async def calm(self) -> None:
        """Nothing happens any more: mails arrive, time passes, and no process is left but those of trials to be set up."""
        await self.pass_time(200 * DAY, lagging=False)
        while await self.attempt(0, accepted=True):
            pass
        await self.settle()
        await self.compare()
        waiting = {key for key, one in self.model.trials.items() if one.state in {"awaiting_details", "provisioning"}}
        self.same("open processes", [row["input"]["trial_id"] for row in await self.clockwork.open()], sorted(waiting))

    async def attempt(self, which: int, *, accepted: bool) -> bool:
        """A mail is about to be sent: it is if it still says the truth, and speaks of nothing that was bought.

        Answers whether there was one.
        """
        rows = await self.town.fetch(
            "select notice_id::text, kind, subject, cycle, recipient from notices"
            " where organisation_id = $1 and state = 'queued' order by notice_id",
            self.organisation_id,
        )
        if not rows:
            return False
        notice_id, *key = rows[which % len(rows)].values()
        note = Note(*key)
        delivery = await self.town.notices.next_attempt(notice_id)
        self.same(f"truth of {note}", delivery is not None, self.model.is_true(note))
        if delivery is None:
            self._left_off.add(note)
            return True
        assert isinstance(delivery.matter, TrialMatter)
        if note.kind in _ABOUT_AN_END:
            trial = self.model.trials[note.subject]
            told = ({service.key for service in delivery.matter.services}, delivery.matter.ends_at)
            self.same(f"matter of {note}", told, (trial.services, trial.ends_at))
        if note.kind.endswith("_partner"):
            told_of = {(frozenset(key.key for key in one.services), one.ends_at) for one in delivery.matter.ending}
            self.same("ending", told_of, ending(self.model, trial.partner, self.model.now + 30 * DAY))
        if accepted:
            await self.town.notices.accepted(notice_id, "250 2.0.0 Ok: queued as 4ABC")
        return True


async def _people(town: Town, organisation_id: OrganisationId, roles: dict[str, str]) -> None:
    await town.execute(_PEOPLE, organisation_id, list(roles))
    await town.execute(_ROLES, list(roles), list(roles.values()))
