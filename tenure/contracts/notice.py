"""Mails to people, and the ledger that keeps them to one each (TL-01, XC-02)."""

from enum import StrEnum

from pydantic import Field

from tenure.contracts.base import Contract, EmailAddress, Instant, Line
from tenure.contracts.bounce import Bounce, MessageId
from tenure.contracts.catalogue import Carrier, Service
from tenure.contracts.trial import TrialContact
from tenure.ids import OrganisationId, PersonId, TrialId


class NoticeKind(StrEnum):
    """What a mail is about."""

    DELETION_WARNING = "deletion_warning"
    CONSENT_REQUEST = "consent_request"
    """To those who may consent to a trial (CO-02, CO-03)."""
    WELCOME = "welcome"
    """To the admin of a new customer, once everything is built (PV-03)."""
    TRIAL_STARTED = "trial_started"
    """To every admin of the customer, when an add-on trial is active (TR-21, Q-29)."""
    TRIAL_ENDING = "trial_ending"
    """7 days before, to every admin of the customer (NO-01)."""
    TRIAL_ENDING_PARTNER = "trial_ending_partner"
    """The same, to every admin of the partner (NO-04)."""
    TRIAL_EXPIRED = "trial_expired"
    """On the day, to every admin of the customer (NO-02)."""
    TRIAL_EXPIRED_PARTNER = "trial_expired_partner"
    """The same, to every admin of the partner (NO-04)."""
    ACCESS_GONE = "access_gone"
    """30 days after the end, to the users of the trial (NO-06)."""
    SET_UP_SERVICES = "set_up_services"
    """To the provisioning contact of a paid order (TC-15, TC-16)."""
    DEVICE_AGREEMENT = "device_agreement"
    """To every admin of the customer: the device end date and how devices are returned (DV-02)."""


class NoticeState(StrEnum):
    """Where a notice stands. Queued ones are tried until the state that wanted them is gone."""

    QUEUED = "queued"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    """The mail server has refused this recipient often enough (SF-02); see `tenure.errors.MailRefused` for what counts."""
    DROPPED = "dropped"
    """What it would have said is no longer true."""


class Notice(Contract):
    """One row of the ledger: one kind, subject, cycle and recipient."""

    notice_id: str = Field(pattern=r"^[0-9a-f-]{36}$")
    kind: NoticeKind
    organisation_id: OrganisationId
    subject: str
    """The id of what it is about."""
    cycle: int
    recipient: PersonId | TrialId
    """A person; a trial's id where the mail goes to the address that was typed in its request (CO-03)."""
    message_id: MessageId
    """Derived from the key, so that a second copy is recognised as one."""
    state: NoticeState
    attempts: int = 0
    first_attempt_at: Instant | None = None
    accepted_at: Instant | None = None
    server_answer: str | None = None
    bounce: Bounce | None = None
    """That it came back after a mail server had accepted it (TL-04)."""


class DeletionMatter(Contract):
    """What a deletion warning speaks of."""

    base_at: Instant
    """The end of activity."""
    deletion_at: Instant
    """The promise that the mail prints (SF-01)."""


class EndingTrial(Contract):
    """A trial of the partner that has ended or is about to (NO-04, Q-28)."""

    organisation_name: str
    services: tuple[Service, ...]
    ends_at: Instant
    grace_ends_at: Instant
    """Until when it can be continued."""
    contact: TrialContact | None = None
    """Whom to ask at the customer; None where the partner may not know (PS-08)."""


class TrialMatter(Contract):
    """What a mail about a trial speaks of; what its kind does not need may be None."""

    trial_id: TrialId
    partner_name: str
    services: tuple[Service, ...] = ()
    """Those that the mail is about; the writer names them in its language."""
    deadline_at: Instant | None = None
    """Until when consent counts (CO-06)."""
    ends_at: Instant | None = None
    """Of the trial."""
    grace_ends_at: Instant | None = None
    """Until when it can be converted or extended (GR-05)."""
    numbers_held_until: Instant | None = None
    """Of its phone numbers, until when they wait for a purchase; None where it has no calling (NR-01)."""
    link: str | None = None
    """Where to go: the consent page, the sign-in, the buy button, or the set-up."""
    ending: tuple[EndingTrial, ...] = ()
    """To partners: all their trials that end within 30 days or are in grace, the soonest first."""
    ending_left_off: int = 0
    """How many more of them there are."""
    device_ends_at: Instant | None = None
    devices_due_at: Instant | None = None
    devices: int = 0
    carrier: Carrier = Carrier.GUIDE


class Delivery(Contract):
    """All that is needed to write and send one notice, read just before the attempt."""

    notice: Notice
    name: str
    """Of the recipient; empty where only an address is known."""
    email: EmailAddress
    language: str
    """The recipient's, else the organisation's: a BCP 47 tag such as `pl` or `sr-Latn`."""
    time_zone: str
    """The organisation's: the promise is a full day there, whatever zone the recipient lives in (SF-01)."""
    organisation_name: str
    attempt_at: Instant
    """The business instant of this attempt: it dates the mail."""
    matter: DeletionMatter | TrialMatter
    simulation: bool = False


class Mail(Contract):
    """A mail, rendered."""

    message_id: MessageId
    date: Instant
    to_name: Line
    to_address: EmailAddress
    language: str
    """The tag of the language it is written in."""
    subject: Line
    text: str
    html: str
    not_before: Instant | None = None
    """The promise that it prints, for machines: nothing is deleted before it (SF-01)."""


class DeliverInput(Contract):
    """Which notice to deliver."""

    notice_id: str


class DeliverResult(Contract):
    """What became of it; a passing failure is no result but a retry."""

    state: NoticeState | None
    """None where nothing was left to send: it is final, or no longer true."""
