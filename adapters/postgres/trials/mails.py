"""What mails about trials say and to whom, as of the moment of each attempt (NO-08, TL-01, section 18.11)."""

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

import asyncpg

from adapters.links import Links, Recipient
from adapters.postgres import ledger
from adapters.postgres.database import Connection
from adapters.postgres.entry import Addressee, Entry
from adapters.postgres.pending import wake_processes
from adapters.postgres.trials.audience import ADMINS, PARTNER_KINDS, concerns, first, untold
from adapters.postgres.trials.ending import ending_trials
from adapters.postgres.trials.rows import Trial
from tenure.contracts.base import Instant
from tenure.contracts.catalogue import Catalogue, Service
from tenure.contracts.licence import LicenceKind
from tenure.contracts.notice import EndingTrial, NoticeKind, NoticeState, TrialMatter
from tenure.contracts.trial import ConsentState, TrialState
from tenure.errors import Refusal, RefusalCode
from tenure.ids import OrderId, OrganisationId, PartnerId, PersonId, TrialId
from tenure.policy import trial as rule
from tenure.policy.catalogue import has_calling
from tenure.policy.grace import removal_due_at
from tenure.policy.rules import Rules
from tenure.policy.trial_mail import MailFacts, is_true

# A mail of an order has the order as its subject.
_SUBJECT: Final = """
select t.*, p.name as partner_name, o.country,
       r.state as consent, r.deadline_at, coalesce(r.mailings, 0) as mailings,
       d.device_ends_at, d.due_at as devices_due_at, d.country as device_country, coalesce(d.generation, 0) as shipment,
       (select count(*) from trial_devices v where v.trial_id = t.trial_id and v.returned_at is null) as devices_out,
       ord.order_id, ord.services as ordered_services, ord.tied_at, ord.contact
  from trials t join partners p using (partner_id) join organisations o on o.organisation_id = t.organisation_id
  left join trial_requests r on r.trial_id = t.trial_id
  left join device_returns d on d.trial_id = t.trial_id
  left join orders ord on ord.trial_id = t.trial_id and ord.order_id = $2
 where t.trial_id = coalesce((select x.trial_id from orders x where x.order_id = $2), $1)
"""
# Dates are told in the zone of the customer, to partners in that of their own organisation. Who was moved out is
# written to in the language of where they came from.
_PERSON: Final = """
select p.name, p.email, p.email_version, coalesce(p.language, origin.language, o.language) as language,
       case when $3 then o.time_zone else customer.time_zone end as time_zone, customer.name as organisation_name
  from people p join organisations o using (organisation_id)
  left join organisations origin on origin.organisation_id = p.origin_organisation_id
  cross join organisations customer
 where p.person_id = $1 and customer.organisation_id = $2
"""
_NEWEST: Final = """
select trial_id from trials where organisation_id = $1 and ($2::text is null or partner_id = $2)
 order by requested_at desc, trial_id limit 1
"""
_NEWEST_ORDER: Final = "select order_id from orders where trial_id = $1 order by converted_at desc, order_id limit 1"


class Key(NamedTuple):
    """What a notice's id is made of, beside its kind and recipient."""

    subject: str
    generation: int
    cycle: int


class TrialMails:
    """Mails about trials, orders and devices."""

    def __init__(self, rules: Rules, links: Links, catalogue: Catalogue, message_domain: str) -> None:
        self._rules = rules
        self._domain = message_domain
        self._links = links
        self._catalogue = catalogue

    async def attempt(self, connection: Connection, entry: Entry) -> tuple[Addressee, TrialMatter] | None:
        """Whom to tell what; None where it is no longer true, or nobody's business any more."""
        subject = await _subject(connection, entry.row["subject"])
        if subject is None or not is_true(_facts(subject, entry.kind, entry.row["cycle"]), entry.now):
            return None
        addressee = await self._addressee(connection, entry.kind, entry.row["recipient"], subject)
        if addressee is None:
            await ledger.set_state(connection, entry.notice_id, NoticeState.DROPPED, entry.now)
        if entry.kind in ADMINS:
            await self._tell_newcomers(connection, entry, subject)
        if addressee is None:
            return None
        return addressee, await self._matter(
            connection, entry.kind, entry.row["recipient"], addressee, subject, entry.now
        )

    async def _tell_newcomers(self, connection: Connection, entry: Entry, subject: asyncpg.Record) -> None:
        """As long as a mail is being sent, it also goes to whoever becomes one of those whom it concerns (NO-08)."""
        key = entry.row
        newcomers = await untold(connection, entry.kind, _trial(subject), key["cycle"])
        if not newcomers.ids:
            return
        await ledger.queue(
            connection,
            entry.kind,
            newcomers,
            organisation_id=entry.organisation_id,
            subject=key["subject"],
            generation=key["generation"],
            cycle=key["cycle"],
            at=entry.now,
            domain=self._domain,
            workflow_id=key["workflow_id"],
        )
        await wake_processes(connection, entry.organisation_id)

    async def forecast(
        self,
        connection: Connection,
        kind: NoticeKind,
        organisation_id: OrganisationId,
        as_of: Instant,
        partner_id: PartnerId | None,
    ) -> tuple[Key, str, Addressee, TrialMatter]:
        """What a mail of this kind about the newest trial, be it of one partner, would say to its first recipient.

        Whoever looks is not who gets the mail: its link is shown without what lets the recipient act (CO-05).

        Raises:
            Refusal: `trial_not_found`, `order_not_found`, `devices_not_shipped` where there is nothing to speak of;
                `person_not_found` where there is no recipient.
        """
        trial_id = await connection.fetchval(_NEWEST, organisation_id, partner_id)
        if trial_id is None:
            raise Refusal(RefusalCode.TRIAL_NOT_FOUND)
        about = trial_id
        if kind is NoticeKind.SET_UP_SERVICES:
            about = await connection.fetchval(_NEWEST_ORDER, trial_id)
            if about is None:
                raise Refusal(RefusalCode.ORDER_NOT_FOUND)
        subject = await _subject(connection, about)
        assert subject is not None
        if kind is NoticeKind.DEVICE_AGREEMENT and subject["device_ends_at"] is None:
            raise Refusal(RefusalCode.DEVICES_NOT_SHIPPED)
        recipient = await self._first(connection, kind, subject)
        addressee = None if recipient is None else await self._addressee(connection, kind, recipient, subject)
        if recipient is None or addressee is None:
            raise Refusal(RefusalCode.PERSON_NOT_FOUND)
        matter = self._as_of(await self._matter(connection, kind, recipient, addressee, subject, as_of), subject, as_of)
        return Key(about, 1, max(subject["cycle"], 1)), recipient, addressee, matter

    def _as_of(self, matter: TrialMatter, subject: asyncpg.Record, as_of: Instant) -> TrialMatter:
        """With the dates that it would have if it were asked for, or active, at that instant, where it has none yet."""
        ends_at = subject["ends_at"] or rule.ends_at(as_of, subject["length_days"])
        grace_ends_at = matter.grace_ends_at or self._grace_ends_at(ends_at)
        return matter.model_copy(
            update={
                "deadline_at": matter.deadline_at or rule.consent_deadline(as_of, self._rules),
                "ends_at": ends_at,
                "grace_ends_at": grace_ends_at,
                "numbers_held_until": self._held_until(grace_ends_at, (one.key for one in matter.services)),
                "link": None if matter.link is None else self._links.without_token(matter.link),
            }
        )

    async def _first(self, connection: Connection, kind: NoticeKind, subject: asyncpg.Record) -> str | None:
        if kind is NoticeKind.SET_UP_SERVICES:
            contact: str | None = subject["contact"]
            return contact
        return await first(connection, kind, _trial(subject))

    async def _addressee(
        self, connection: Connection, kind: NoticeKind, recipient: str, subject: asyncpg.Record
    ) -> Addressee | None:
        if recipient.startswith("trl_"):
            return await _typed(connection, subject)
        if not await concerns(connection, kind, _trial(subject), recipient):
            return None
        row = await connection.fetchrow(_PERSON, recipient, subject["organisation_id"], kind in PARTNER_KINDS)
        return None if row is None else Addressee.of(row)

    async def _matter(
        self,
        connection: Connection,
        kind: NoticeKind,
        recipient: str,
        addressee: Addressee,
        subject: asyncpg.Record,
        as_of: Instant,
    ) -> TrialMatter:
        trial = _trial(subject)
        chosen = subject["ordered_services"] or trial.services or await _all_services(connection, trial)
        grace_ends_at = trial.grace_ends_at or (None if trial.ends_at is None else self._grace_ends_at(trial.ends_at))
        ending: tuple[EndingTrial, ...] = ()
        left_off = 0
        if kind in PARTNER_KINDS:
            ending, left_off = await ending_trials(
                connection, trial.partner_id, as_of, rules=self._rules, named=self._named
            )
        return TrialMatter(
            trial_id=trial.trial_id,
            partner_name=subject["partner_name"],
            services=self._named(chosen),
            deadline_at=subject["deadline_at"],
            ends_at=None if trial.state is TrialState.CONVERTED else trial.ends_at,
            grace_ends_at=grace_ends_at,
            numbers_held_until=self._held_until(grace_ends_at, chosen),
            link=self._link(kind, recipient, addressee.email_version, subject),
            ending=ending,
            ending_left_off=left_off,
            device_ends_at=subject["device_ends_at"],
            devices_due_at=subject["devices_due_at"],
            devices=subject["devices_out"],
            carrier=self._catalogue.carrier(subject["device_country"] or subject["country"]),
        )

    def _held_until(self, grace_ends_at: Instant | None, services: Iterable[str]) -> Instant | None:
        """Until when the phone numbers of calling wait for a purchase, if nothing is bought before (NR-01)."""
        if grace_ends_at is None or not has_calling(services, self._catalogue):
            return None
        return rule.numbers_held_until(grace_ends_at, grace_ends_at, self._rules)

    def _link(self, kind: NoticeKind, recipient: str, address: int, subject: asyncpg.Record) -> str | None:
        match kind:
            case NoticeKind.CONSENT_REQUEST:
                return self._links.consent(TrialId(subject["trial_id"]), _recipient(recipient), address)
            case NoticeKind.SET_UP_SERVICES:
                return self._links.set_up(OrderId(subject["order_id"]), PersonId(recipient), address)
            case NoticeKind.TRIAL_ENDING | NoticeKind.TRIAL_EXPIRED:
                return self._links.buy
            case NoticeKind.WELCOME | NoticeKind.TRIAL_STARTED:
                return self._links.sign_in
            case _:
                return None

    def _grace_ends_at(self, ends_at: Instant) -> Instant:
        """When the grace will end of a trial that nobody extends or buys."""
        return removal_due_at(LicenceKind.TRIAL, ends_at, self._rules)

    def _named(self, services: Iterable[str]) -> tuple[Service, ...]:
        """The services by their names; one that the catalogue no longer has keeps its key."""
        return tuple(self._catalogue.service(key) or Service(key=key, name=key) for key in services)


async def _subject(connection: Connection, subject: str) -> asyncpg.Record | None:
    trial_id = subject if subject.startswith("trl_") else None
    order_id = subject if subject.startswith("ord_") else None
    return await connection.fetchrow(_SUBJECT, trial_id, order_id)


def _trial(subject: asyncpg.Record) -> Trial:
    return Trial.model_validate({name: subject[name] for name in Trial.model_fields})


def _facts(subject: asyncpg.Record, kind: NoticeKind, cycle: int) -> MailFacts:
    fields: dict[str, Any] = {
        name: subject[name]
        for name in ("state", "ends_at", "grace_ends_at", "deadline_at", "mailings", "devices_out", "shipment")
    }
    return MailFacts(
        kind=kind,
        cycle=cycle,
        trial_cycle=subject["cycle"],
        consent=None if subject["consent"] is None else ConsentState(subject["consent"]),
        order_tied=subject["tied_at"] is not None,
        **fields,
    )


async def _typed(connection: Connection, subject: asyncpg.Record) -> Addressee | None:
    """The address that was typed in the request, which is nobody's that is known (CO-03)."""
    if subject["admin_email"] is None:
        return None
    row = await connection.fetchrow(
        "select name, language, time_zone from organisations where organisation_id = $1", subject["organisation_id"]
    )
    assert row is not None
    return Addressee(
        name="",
        email=subject["admin_email"],
        email_version=1,
        language=row["language"],
        time_zone=row["time_zone"],
        organisation_name=row["name"],
    )


async def _all_services(connection: Connection, trial: Trial) -> list[str]:
    """What a trial had that has no service left: where all was bought, that; else what was not."""
    rows = await connection.fetch(
        "select distinct service from trial_services where trial_id = $1 and (state <> 'bought' or $2) order by service",
        trial.trial_id,
        trial.state is TrialState.CONVERTED,
    )
    return [row["service"] for row in rows]


def _recipient(recipient: str) -> Recipient:
    return TrialId(recipient) if recipient.startswith("trl_") else PersonId(recipient)
