"""The port `Users` on Postgres: each command one guarded transaction, once for each key (P10)."""

from collections.abc import Awaitable, Callable
from functools import partial

from adapters.postgres.commands import once, once_shown, once_unkept
from adapters.postgres.database import Connection, Database
from adapters.postgres.wholesale import (
    add_ons,
    adding,
    authority,
    billing,
    changing,
    numbers,
    provisioning,
    quantities,
    roles,
    rows,
    user_rows,
)
from adapters.postgres.wholesale.work import Work
from tenure.contracts.base import Instant
from tenure.contracts.catalogue import Catalogue
from tenure.contracts.package import BillableItems, Quantities, SetQuantities
from tenure.contracts.user import (
    AddOnCommand,
    AssignNumber,
    ChangeUserPackage,
    CreateUser,
    DeleteUser,
    NumberAssignment,
    ProvisioningRun,
    ReleaseNumber,
    RunProvisioning,
    SetUserRole,
    User,
    UserPage,
)
from tenure.ids import OrganisationId, PartnerId, PersonId
from tenure.policy.package import Packages
from tenure.policy.rules import Rules
from tenure.ports import Caller


class PostgresUsers:
    """The port `Users`. What each command refuses is said where it is carried out.

    The customer's service provider may do all of it; and all but to set quantities needs an account that is ready
    (USR-04). An answer that names somebody is not kept: a command that is sent again with its key is answered with what
    holds now.
    """

    def __init__(self, database: Database, rules: Rules, catalogue: Catalogue) -> None:
        self._database = database
        self._packages = Packages(catalogue, rules)

    async def set_quantities(self, caller: Caller, command: SetQuantities) -> Quantities:
        """Raise or lower what may be assigned (PKG-11)."""

        async def carry_out(connection: Connection) -> Quantities:
            work = await self._begin(connection, caller, command.organisation_id)
            return await quantities.set_quantities(work, command)

        return await once(self._database, caller, command, Quantities, carry_out, by_partners=True)

    async def page(
        self, caller: Caller, organisation_id: OrganisationId, *, after: PersonId | None = None, limit: int = 100
    ) -> UserPage:
        """A customer's users in order of id; a partner sees its own customers' (P14)."""
        async with self._database.read() as connection:
            await authority.require_reader(connection, caller, organisation_id)
            return await user_rows.page(connection, organisation_id, self._packages, after=after, limit=limit)

    async def create(self, caller: Caller, command: CreateUser) -> User:
        """Add a user with a package; from a console a full admin does, once the organisation is set up (USR-02, WIZ-05)."""

        async def add(connection: Connection) -> None:
            work = await self._ready(connection, caller, command.organisation_id, command.person_id)
            if command.person_id is not None:
                await authority.require_set_up(connection, command.organisation_id)
            await adding.add(work, command)

        async def show(connection: Connection) -> User:
            row = await user_rows.require_address(connection, command.organisation_id, command.email)
            return user_rows.view(row, self._packages)

        return await once_shown(self._database, caller, command, add, show, by_partners=True)

    async def delete(self, caller: Caller, command: DeleteUser) -> None:
        """Take a user out (PKG-08)."""

        async def carry_out(connection: Connection) -> None:
            await changing.delete(await self._ready(connection, caller, command.organisation_id), command)

        await once(self._database, caller, command, type(None), carry_out, by_partners=True)

    async def change_package(self, caller: Caller, command: ChangeUserPackage) -> User:
        """Replace a user's package (PKG-09, ADM-02)."""
        return await self._change(caller, command, changing.change_package)

    async def assign_add_on(self, caller: Caller, command: AddOnCommand) -> User:
        """Give an add-on to a user (ADD-03)."""
        return await self._change(caller, command, add_ons.assign)

    async def remove_add_on(self, caller: Caller, command: AddOnCommand) -> User:
        """Take it back."""
        return await self._change(caller, command, add_ons.remove)

    async def set_role(self, caller: Caller, command: SetUserRole) -> User:
        """Change what a user may do (ADM-03)."""
        return await self._change(caller, command, roles.set_role)

    async def assign_number(self, caller: Caller, command: AssignNumber) -> NumberAssignment:
        """Give a number to a user or location (NUM-02)."""
        return await self._number(caller, command, numbers.assign)

    async def release_number(self, caller: Caller, command: ReleaseNumber) -> NumberAssignment:
        """Take it back."""
        return await self._number(caller, command, numbers.release)

    async def run_provisioning(self, caller: Caller, command: RunProvisioning) -> ProvisioningRun:
        """Finish users and numbers, for the service provider or a full admin of the customer (PRV-02 to PRV-07)."""

        async def carry_out(connection: Connection) -> ProvisioningRun:
            work = await self._begin(connection, caller, command.organisation_id, command.person_id)
            return await provisioning.run(work, command)

        look = partial(provisioning.look, command)
        return await once_unkept(self._database, caller, command, carry_out, look, by_partners=True)

    async def billable_items(
        self,
        caller: Caller,
        partner_id: PartnerId,
        *,
        from_: Instant,
        to: Instant,
        after: int | None = None,
        limit: int = 100,
    ) -> BillableItems:
        """Add-ons that were assigned at some time in `[from_, to)` (ADD-05, Q-34)."""
        async with self._database.write() as connection:  # a snapshot would not see what it has waited for
            return await billing.billable_items(
                connection, caller, partner_id, from_=from_, to=to, after=after, limit=limit
            )

    async def _change[C: ChangeUserPackage | AddOnCommand | SetUserRole](
        self, caller: Caller, command: C, change: Callable[[Work, C], Awaitable[None]]
    ) -> User:
        """Change something about a user, and answer the user."""

        async def act(connection: Connection) -> None:
            await change(await self._ready(connection, caller, command.organisation_id), command)

        async def show(connection: Connection) -> User:
            return await user_rows.show(connection, command.organisation_id, command.user_id, self._packages)

        return await once_shown(self._database, caller, command, act, show, by_partners=True)

    async def _number[C: AssignNumber | ReleaseNumber](
        self, caller: Caller, command: C, change: Callable[[Work, C], Awaitable[None]]
    ) -> NumberAssignment:
        """Change where a number is, and answer where it is."""

        async def act(connection: Connection) -> None:
            await change(await self._ready(connection, caller, command.organisation_id), command)

        async def show(connection: Connection) -> NumberAssignment:
            return await numbers.show(connection, command.organisation_id, command.phone_number)

        return await once_shown(self._database, caller, command, act, show, by_partners=True)

    async def _ready(
        self,
        connection: Connection,
        caller: Caller,
        organisation_id: OrganisationId,
        person_id: PersonId | None = None,
    ) -> Work:
        """Begin what needs an account that is ready (USR-04, RPL-06)."""
        work = await self._begin(connection, caller, organisation_id, person_id)
        rows.require_ready(work.customer)
        return work

    async def _begin(
        self,
        connection: Connection,
        caller: Caller,
        organisation_id: OrganisationId,
        person_id: PersonId | None = None,
    ) -> Work:
        """Lock the customer, and see that the caller may act on it: a service provider, or a full admin who is named."""
        customer, _ = await rows.lock_customer(connection, organisation_id)
        if person_id is None:
            await authority.require_customer(connection, caller, customer)
        else:
            await authority.require_full_admin(connection, caller, organisation_id, person_id)
        return await Work.now(connection, customer, self._packages, caller.actor)
