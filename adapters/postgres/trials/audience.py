"""Whom the mails about trials concern, as of the moment of asking (NO-08, section 18.11).

Whoever shares an address with another recipient of the same mail, in whatever case, shares the copy that goes there.
"""

from typing import Final

from adapters.postgres.database import Connection
from adapters.postgres.ledger import Recipients
from adapters.postgres.trials.rows import Trial
from tenure.contracts.notice import NoticeKind

_CUSTOMER_ADMINS: Final = "customer_admins where organisation_id = $1"
_PARTNER_ADMINS: Final = "partner_admins where partner_id = $1"
_FULL_ADMINS: Final = "full_admins where organisation_id = $1"

ADMINS: Final = {
    NoticeKind.TRIAL_STARTED: _CUSTOMER_ADMINS,
    NoticeKind.TRIAL_ENDING: _CUSTOMER_ADMINS,
    NoticeKind.TRIAL_EXPIRED: _CUSTOMER_ADMINS,
    NoticeKind.DEVICE_AGREEMENT: _CUSTOMER_ADMINS,
    NoticeKind.TRIAL_ENDING_PARTNER: _PARTNER_ADMINS,
    NoticeKind.TRIAL_EXPIRED_PARTNER: _PARTNER_ADMINS,
}
"""The mails that go to all admins of one side: of which."""
PARTNER_KINDS: Final = frozenset(kind for kind, admins in ADMINS.items() if admins is _PARTNER_ADMINS)

_UNTOLD: Final = {
    kind: f"""
select distinct on (lower(a.email)) a.person_id, a.email_version from (select * from {admins}) as a
 where not exists (select from notices n join people p on p.person_id = n.recipient
                    where n.organisation_id = $2 and n.kind = $3 and n.subject = $4 and n.cycle = $5
                      and n.state <> 'dropped' and lower(p.email) = lower(a.email))
 order by lower(a.email), a.person_id
"""  # noqa: S608 - the table above
    for kind, admins in ADMINS.items()
}
_CONCERNS: Final = {
    kind: f"select exists (select from {admins} and person_id = $2)"  # noqa: S608 - the same
    for kind, admins in {**ADMINS, NoticeKind.WELCOME: _FULL_ADMINS}.items()
}
# Who may consent, and who has the address that was typed in the request.
_IS_ASKED: Final = f"""
select exists (select from people where organisation_id = $1 and person_id = $2 and lower(email) = lower($3))
    or exists (select from {_FULL_ADMINS} and person_id = $2)
"""  # noqa: S608 - the same
# Who still belongs to an organisation that has bought all of it has lost nothing.
_HAS_LOST: Final = """
select not exists (select from people where organisation_id = $1 and person_id = $2)
    or cardinality($3::text[]) = 0
    or not $3::text[] <@ array(select unnest(services) from licence_sets
                                where organisation_id = $1 and kind = 'subscription' and state = 'active')
"""
_FIRST: Final = {
    kind: f"select person_id from {admins} order by person_id limit 1"  # noqa: S608 - the same
    for kind, admins in {
        **ADMINS,
        NoticeKind.CONSENT_REQUEST: _FULL_ADMINS,
        NoticeKind.WELCOME: _FULL_ADMINS,
        NoticeKind.ACCESS_GONE: "people where $1 in (organisation_id, origin_organisation_id)",
    }.items()
}


async def untold(connection: Connection, kind: NoticeKind, trial: Trial, cycle: int) -> Recipients:
    """The admins whom a mail of such a kind concerns, and to whose address no copy goes yet (NO-01, NO-04, NO-05)."""
    of = _side(kind, trial)
    return Recipients.of(await connection.fetch(_UNTOLD[kind], of, trial.organisation_id, kind, trial.trial_id, cycle))


async def concerns(connection: Connection, kind: NoticeKind, trial: Trial, person_id: str) -> bool:
    """Whether a mail is still its recipient's business; one about an order names its own once and for all."""
    if kind is NoticeKind.CONSENT_REQUEST:
        return bool(await connection.fetchval(_IS_ASKED, trial.organisation_id, person_id, trial.admin_email))
    if kind is NoticeKind.ACCESS_GONE:
        services = list(trial.services)
        return bool(await connection.fetchval(_HAS_LOST, trial.organisation_id, person_id, services))
    if kind not in _CONCERNS:
        return True
    return bool(await connection.fetchval(_CONCERNS[kind], _side(kind, trial), person_id))


async def first(connection: Connection, kind: NoticeKind, trial: Trial) -> str | None:
    """One of those whom such a mail would concern now."""
    person_id: str | None = await connection.fetchval(_FIRST[kind], _side(kind, trial))
    return person_id


def _side(kind: NoticeKind, trial: Trial) -> str:
    return trial.partner_id if kind in PARTNER_KINDS else trial.organisation_id
