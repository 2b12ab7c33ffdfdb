"""The port `Trials` on Postgres: each command one guarded transaction, once for each key (P10)."""

from collections.abc import Awaitable, Callable
from functools import partial

from adapters.postgres.commands import once, once_shown
from adapters.postgres.database import Connection, Database
from adapters.postgres.trials import listing, offers, views
from adapters.postgres.trials.cancelling import Cancelling
from adapters.postgres.trials.changes import Changes
from adapters.postgres.trials.conversions import Conversions
from adapters.postgres.trials.numbers import claim
from adapters.postgres.trials.requests import Requests
from adapters.postgres.trials.rows import Trial
from tenure.contracts.catalogue import Catalogue
from tenure.contracts.conversion import ClaimNumbers, Conversion, ConvertTrial
from tenure.contracts.trial import (
    AskOffer,
    AssignLicences,
    CancelTrial,
    EditTrial,
    ExtendTrial,
    ProvideDetails,
    RequestTrial,
    ResendConsent,
    TrialCommand,
    TrialOffer,
    TrialState,
    TrialView,
)
from tenure.contracts.trial_page import TrialCursor, TrialPage
from tenure.errors import Refusal, RefusalCode
from tenure.ids import OrganisationId, PartnerId, TrialId
from tenure.policy.rules import Rules
from tenure.policy.screening import ScreeningRules
from tenure.ports import Caller


class PostgresTrials:
    """The port `Trials`. What each command refuses is said where it is carried out."""

    def __init__(
        self,
        database: Database,
        rules: Rules,
        screening_rules: ScreeningRules,
        catalogue: Catalogue,
        *,
        message_domain: str,
    ) -> None:
        self._database = database
        self._rules = rules
        self._catalogue = catalogue
        self._requests = Requests(rules, screening_rules, catalogue, message_domain)
        self._changes = Changes(rules, catalogue, message_domain)
        self._cancelling = Cancelling(rules, catalogue)
        self._conversions = Conversions(catalogue, message_domain)

    async def offer(self, caller: Caller, question: AskOffer) -> TrialOffer:
        """What this partner could try with a customer, and how it would begin (TR-05, TR-14, TR-20)."""
        async with self._database.read() as connection:
            return await offers.offer(connection, caller, question, self._rules, self._catalogue)

    async def request(self, caller: Caller, command: RequestTrial) -> TrialView:
        """Begin a trial, or the request for consent to one (TR-12)."""
        return await self._carry_out(caller, command, self._requests.request)

    async def show(self, caller: Caller, trial_id: TrialId) -> TrialView:
        """One trial; a partner sees its own."""
        async with self._database.read() as connection:
            return await views.show(connection, caller, trial_id)

    async def page(
        self,
        caller: Caller,
        *,
        partner_id: PartnerId | None = None,
        organisation_id: OrganisationId | None = None,
        state: TrialState | None = None,
        ending_within_days: int | None = None,
        named: str | None = None,
        soonest_first: bool = False,
        after: TrialCursor | None = None,
        limit: int = 100,
    ) -> TrialPage:
        """Trials in order of id, or those first that end first (PS-02)."""
        async with self._database.read() as connection:
            return await listing.page(
                connection,
                caller,
                partner_id=partner_id,
                organisation_id=organisation_id,
                state=state,
                ending_within_days=ending_within_days,
                named=named,
                soonest_first=soonest_first,
                after=after,
                limit=limit,
            )

    async def resend_consent(self, caller: Caller, command: ResendConsent) -> TrialView:
        """Mail the request again (CO-12)."""
        return await self._carry_out(caller, command, self._changes.resend)

    async def cancel(self, caller: Caller, command: CancelTrial) -> TrialView:
        """End a request or a trial (CO-11, CO-13, TC-10, TC-11)."""
        return await self._carry_out(caller, command, self._cancelling.cancel)

    async def provide_details(self, caller: Caller, command: ProvideDetails) -> TrialView:
        """Say what provisioning needs (PV-01, PV-02)."""
        return await self._carry_out(caller, command, self._changes.provide_details)

    async def extend(self, caller: Caller, command: ExtendTrial) -> TrialView:
        """Replace the end (TC-01 to TC-06)."""
        return await self._carry_out(caller, command, self._changes.extend)

    async def edit(self, caller: Caller, command: EditTrial) -> TrialView:
        """Replace the services (TC-07 to TC-09)."""
        return await self._carry_out(caller, command, self._changes.edit)

    async def assign_licences(self, caller: Caller, command: AssignLicences) -> TrialView:
        """Give people licences of the trial, and take them from others (PV-05, PV-06)."""
        return await self._carry_out(caller, command, self._changes.assign)

    async def convert(self, caller: Caller, command: ConvertTrial) -> Conversion:
        """A paid order was processed (TC-12 to TC-20)."""
        carry_out = partial(self._conversions.convert, caller, command)
        return await once(self._database, caller, command, Conversion, carry_out)

    async def claim_numbers(self, caller: Caller, command: ClaimNumbers) -> TrialView:
        """Phone numbers on hold go to a purchase, strictly before the hold ends (NR-03)."""
        act = partial(claim, actor=caller.actor, command=command)
        show = partial(views.show, caller=caller, trial_id=command.trial_id)
        return await once_shown(self._database, caller, command, act, show)

    async def plan_conversion(self, caller: Caller, command: ConvertTrial) -> Conversion:
        """What `convert` would answer now; changes nothing (TC-19)."""
        if caller.partner_id is not None:
            raise Refusal(RefusalCode.FORBIDDEN)
        async with self._database.write() as connection:  # the rule is asked under the locks of the act itself
            return await self._conversions.plan(command, connection)

    async def _carry_out[Command: RequestTrial | TrialCommand](
        self, caller: Caller, command: Command, act: Callable[[Caller, Command, Connection], Awaitable[Trial]]
    ) -> TrialView:
        """A command of a partner's admin, whose token it may be; answers the trial as it is then."""
        show = partial(views.show, caller=caller, trial_id=command.trial_id)
        return await once_shown(self._database, caller, command, partial(act, caller, command), show, by_partners=True)
