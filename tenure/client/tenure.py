"""`Tenure`: the one object that services and the command line talk to."""

from datetime import timedelta
from types import TracebackType
from typing import Self

from pydantic import SecretStr, TypeAdapter
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from tenure import names
from tenure.client.activity import ActivitySender, Events, Lines, Report
from tenure.client.connection import Connection
from tenure.client.customers import Customers
from tenure.client.devices import Devices
from tenure.client.facts import Licences, Managements
from tenure.client.feeds import Feeds
from tenure.client.imports import Imports
from tenure.client.lists import ScreeningLists
from tenure.client.operations import Breakers, Erasures, Receipts
from tenure.client.orders import Orders
from tenure.client.organisations import Calendar, Notices, Organisations
from tenure.client.reviews import Reviews
from tenure.client.trials import Trials
from tenure.client.users import Users
from tenure.client.wizards import Wizards
from tenure.contracts.activity import ActivitySignal, IntakeResult
from tenure.contracts.base import Contract, Instant
from tenure.contracts.deletion import DeletionCountdownContract
from tenure.contracts.organisation import COUNTING
from tenure.errors import Misconfigured, Refusal, RefusalCode, Unavailable
from tenure.ids import OrganisationId
from tenure.settings import ClientSettings
from tenure.signature import Signer

RETRY_FOR = timedelta(seconds=30)


class _Ready(Contract):
    business_now: Instant


_READY: TypeAdapter[_Ready] = TypeAdapter(_Ready)


class Tenure:
    """A client of Tenure's HTTP API, and of its Temporal namespace where it is given one.

    Every method raises Refusal with a stable code when the rules refuse, and Unavailable when there is no answer, after
    trying again with growing pauses. Commands carry an idempotency key over their retries, and are carried out once.

    Example:
        ```python
        async with Tenure("https://tenure.example", token=token) as tenure:
            await tenure.licences.expire(ExpireLicences(licence_set_id=licences, expired_at=now))
        ```
    """

    licences: Licences
    managements: Managements
    organisations: Organisations
    trials: Trials
    orders: Orders
    devices: Devices
    notices: Notices
    calendar: Calendar
    erasures: Erasures
    breakers: Breakers
    receipts: Receipts
    feeds: Feeds
    imports: Imports
    lists: ScreeningLists
    customers: Customers
    users: Users
    reviews: Reviews
    wizard: Wizards

    def __init__(
        self,
        url: str,
        token: str | SecretStr | None = None,
        *,
        webhook_secret: str | SecretStr | None = None,
        temporal: Client | None = None,
        retry_for: timedelta = RETRY_FOR,
    ) -> None:
        """Take addresses and credentials; nothing is opened until it is used.

        Args:
            url: Base address of the HTTP API.
            token: Bearer token of the API.
            webhook_secret: `whsec_…`, which signs activity batches.
            temporal: A client made with `tenure.plugin`, for `signal_activity` alone.
            retry_for: How long a request may be tried again; zero tries once.

        Raises:
            Misconfigured: the address or the webhook secret has the wrong form.
        """
        self._connection = Connection(url, _secret(token), retry_for)
        signing = _secret(webhook_secret)
        self._activity = (
            ActivitySender(self._connection, Signer(signing.get_secret_value())) if signing is not None else None
        )
        self._temporal = temporal
        self.licences = Licences(self._connection)
        self.managements = Managements(self._connection)
        self.organisations = Organisations(self._connection)
        self.trials = Trials(self._connection)
        self.orders = Orders(self._connection)
        self.devices = Devices(self._connection)
        self.notices = Notices(self._connection)
        self.calendar = Calendar(self._connection)
        self.erasures = Erasures(self._connection)
        self.breakers = Breakers(self._connection)
        self.receipts = Receipts(self._connection)
        self.feeds = Feeds(self._connection)
        self.imports = Imports(self._connection)
        self.lists = ScreeningLists(self._connection)
        self.customers = Customers(self._connection)
        self.users = Users(self._connection)
        self.reviews = Reviews(self._connection)
        self.wizard = Wizards(self._connection)

    @classmethod
    def from_environment(cls, *, temporal: Client | None = None, retry_for: timedelta = RETRY_FOR) -> Self:
        """A client with the addresses and credentials of `TENURE_URL`, `TENURE_TOKEN` and `TENURE_WEBHOOK_SECRET`."""
        settings = ClientSettings()
        return cls(
            settings.url,
            settings.token,
            webhook_secret=settings.webhook_secret,
            temporal=temporal,
            retry_for=retry_for,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._connection.close()

    async def now(self) -> Instant:
        """The installation's time, `business_now()`: a simulation's runs ahead of the world's (SF-10)."""
        return (await self._connection.get("/readyz", _READY)).business_now

    async def record_activity(self, events: Events, *, report: Report | None = None) -> IntakeResult:
        """Report activity, in batches of at most 10,000 events and 8 MiB; it counts once this has answered (AC-10).

        Args:
            events: Any iterable, also an asynchronous one; it is read batch by batch.
            report: Told the sum so far after each batch.

        Returns:
            What became of the events, added up. Lines are counted over all batches.

        Raises:
            Misconfigured: the client was made without a webhook secret.
        """
        return await self._sender().events(events, report)

    async def record_lines(self, lines: Lines, *, report: Report | None = None) -> IntakeResult:
        """Report activity that is written as JSON already, an event a line; bad lines are answered with their number."""
        return await self._sender().lines(lines, report)

    async def signal_activity(self, organisation_id: OrganisationId, activity: ActivitySignal) -> None:
        """Report activity to the countdown's workflow, for feeds that prefer signals.

        A signal is no receipt: the evidence counts from its commit, which follows. Use `record_activity` where that
        matters.

        Raises:
            Misconfigured: the client was made without a Temporal client.
            Refusal: `wrong_state`, when no countdown runs that could be told.
            Unavailable: Temporal does not answer.
        """
        if self._temporal is None:
            raise Misconfigured("This client has no Temporal client: give it one, or use record_activity.")
        organisation = await self.organisations.show(organisation_id)
        if organisation.state not in COUNTING:
            raise _no_countdown()
        workflow_id = names.deletion_id(organisation_id, organisation.generation)
        handle = self._temporal.get_workflow_handle_for(DeletionCountdownContract.run, workflow_id)
        try:
            await handle.signal(DeletionCountdownContract.activity, activity)
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                raise _no_countdown() from error
            raise Unavailable(f"Temporal does not take the signal ({error.message}). Try again.") from error

    def _sender(self) -> ActivitySender:
        if self._activity is None:
            raise Misconfigured("Activity is signed: set TENURE_WEBHOOK_SECRET, or give the client a webhook_secret.")
        return self._activity


def _secret(value: str | SecretStr | None) -> SecretStr | None:
    return SecretStr(value) if isinstance(value, str) else value


def _no_countdown() -> Refusal:
    return Refusal(RefusalCode.WRONG_STATE, "No countdown runs for this organisation: use record_activity.")
