"""The grounds of a fair in a town: partners with their people, and all that can be seen of trials."""

from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import datetime
from itertools import count

import asyncpg
import pytest

from tenure.contracts.notice import Delivery, NoticeKind
from tenure.contracts.organisation import Role
from tenure.contracts.trial import TrialView
from tenure.errors import Refusal, RefusalCode
from tenure.ids import LicenceSetId, OrganisationId, PartnerId, PersonId, TrialId
from tests.integration.deletion.town import OPERATOR, Town

_TABLES = "select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace order by relname"


@dataclass(frozen=True)
class Side:
    """A partner and its admins: one who sells, one who may do everything, and one who may do neither."""

    partner_id: PartnerId
    organisation_id: OrganisationId
    seller: PersonId
    head: PersonId
    helper: PersonId

    @property
    def everybody(self) -> set[PersonId]:
        """All its admins."""
        return {self.seller, self.head, self.helper}


class Grounds:
    """Partners and their people in a town, and what can be seen of their trials."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self._numbers = count(1)

    # Who is there.

    async def partner(self, name: str, *, tier: int = 1, distributor: Side | None = None) -> Side:
        """A certified partner with an organisation of its own and three admins."""
        own = await self.town.organisation(admins=0)
        partner_id = PartnerId(f"ptr_{name}")
        await self.town.execute(
            "insert into partners (partner_id, name, organisation_id, tier, distributor_id, created_at)"
            " values ($1, $2, $3, $4, $5, business_now())",
            partner_id,
            f"{name.title()} Telecom",
            own,
            tier,
            None if distributor is None else distributor.partner_id,
        )
        return Side(
            partner_id,
            own,
            await self.person(f"{name}-sal", own, Role.PARTNER_SALES_ADMIN),
            await self.person(f"{name}-head", own, Role.PARTNER_FULL_ADMIN),
            await self.person(f"{name}-pat", own, Role.PARTNER_ADMIN),
        )

    async def person(self, name: str, organisation_id: OrganisationId, *roles: Role) -> PersonId:
        """Somebody in an organisation."""
        person_id = PersonId(f"per_{name}")
        await self.town.execute(
            "insert into people (person_id, organisation_id, name, email, created_at)"
            " values ($1, $2, $3, $3 || '@example.com', business_now())",
            person_id,
            organisation_id,
            name,
        )
        for role in roles:
            await self.town.execute("insert into person_roles (person_id, role) values ($1, $2)", person_id, role)
        return person_id

    async def loses_its_roles(self, person_id: PersonId) -> None:
        """Somebody administers nothing any more."""
        async with self.town.database.write() as connection:
            await connection.execute("delete from person_roles where person_id = $1", person_id)

    async def manage(self, side: Side, organisation_id: OrganisationId, access: str = "full") -> None:
        """A partner manages an organisation."""
        await self.town.execute(
            "insert into managements values ($1, $2, $3, business_now()) on conflict do nothing",
            side.partner_id,
            organisation_id,
            access,
        )

    # What can be seen.

    async def show(self, trial_id: TrialId) -> TrialView:
        """A trial as operators see it."""
        return await self.town.trials.show(OPERATOR, trial_id)

    async def row(self, trial_id: TrialId) -> asyncpg.Record:
        """A trial as it is stored."""
        [row] = await self.town.fetch("select * from trials where trial_id = $1", trial_id)
        return row

    async def licences(self, licence_set_id: LicenceSetId | None) -> asyncpg.Record:
        """A licence set as it is stored."""
        [row] = await self.town.fetch("select * from licence_sets where licence_set_id = $1", licence_set_id)
        return row

    async def numbers(self, organisation_id: OrganisationId) -> list[tuple[str, str | None]]:
        """An organisation's phone numbers: their state, and whose they are."""
        rows = await self.town.fetch(
            "select state, licence_set_id from phone_numbers where organisation_id = $1 order by phone_number",
            organisation_id,
        )
        return [(row["state"], row["licence_set_id"]) for row in rows]

    async def keep(self, organisation_id: OrganisationId, *stores: str) -> None:
        """The organisation keeps something in each of these stores."""
        await self.town.execute(
            "insert into content (organisation_id, store, item_id) select $1, store, 'one' from unnest($2::text[]) as store",
            organisation_id,
            list(stores),
        )

    async def kept(self, organisation_id: OrganisationId) -> list[str]:
        """In which stores it has something."""
        rows = await self.town.fetch(
            "select store from content where organisation_id = $1 order by store", organisation_id
        )
        return [row["store"] for row in rows]

    async def site(self, url: str) -> str:
        """What became of a meetings site."""
        return await self.town.value(str, "select state from meeting_sites where site_url = $1", url)

    async def services(self, trial: TrialView) -> dict[str, str]:
        """The services of a trial, as they stand on the platform."""
        return {service.service: str(service.state) for service in (await self.show(trial.trial_id)).services}

    async def dates(self, organisation_id: OrganisationId) -> dict[str, datetime]:
        """What falls due, and when."""
        return {str(date.kind): date.due_at for date in await self.town.next_dates(organisation_id)}

    async def access(self, side: Side, organisation_id: OrganisationId) -> str | None:
        """What a partner may do at an organisation; None where that is not in its list."""
        rows = await self.town.fetch(
            "select access from managements where partner_id = $1 and organisation_id = $2",
            side.partner_id,
            organisation_id,
        )
        return rows[0]["access"] if rows else None

    async def queued(self, organisation_id: OrganisationId) -> set[tuple[str, str]]:
        """Mails that wait: their kind, and to whom they go."""
        rows = await self.town.fetch(
            "select kind, recipient from notices where organisation_id = $1 and state = 'queued'", organisation_id
        )
        return {(row["kind"], row["recipient"]) for row in rows}

    async def post(self, organisation_id: OrganisationId, *kinds: NoticeKind) -> list[Delivery]:
        """Try every mail that waits, of these kinds where any are named; a mail server takes them. What was sent."""
        rows = await self.town.fetch(
            "select notice_id from notices where organisation_id = $1 and state = 'queued'"
            " and (cardinality($2::text[]) = 0 or kind = any($2)) order by kind, recipient",
            organisation_id,
            list(kinds),
        )
        sent = []
        for row in rows:
            delivery = await self.town.notices.next_attempt(str(row["notice_id"]))
            if delivery is not None:
                await self.town.notices.accepted(str(row["notice_id"]), "250 2.0.0 Ok: queued as 4ABC")
                sent.append(delivery)
        return sent

    async def refused(self, act: Awaitable[object]) -> RefusalCode:
        """The code of a refusal; it has left nothing behind (XC-05, P10)."""
        before = await self.facts()
        with pytest.raises(Refusal) as refusal:
            await act
        assert await self.facts() == before
        return refusal.value.code

    async def facts(self) -> dict[str, list[str]]:
        """A digest of every table there is: what is the same twice was not changed between."""
        digest = "select '{0}' as name, coalesce(md5(string_agg(row::text, ';' order by row::text)), '') as row from {0} as row"
        tables = [row["relname"] for row in await self.town.fetch(_TABLES)]
        rows = await self.town.fetch(" union all ".join(digest.format(name) for name in tables))
        return {row["name"]: [row["row"]] for row in rows}


def recipients(sent: list[Delivery], kind: NoticeKind) -> list[str]:
    """Who got a kind of mail, each as often as they got it."""
    return sorted(str(delivery.notice.recipient) for delivery in sent if delivery.notice.kind is kind)
