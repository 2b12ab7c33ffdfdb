"""The first launch of an organisation, as its own console asks for it in the name of an admin (WIZ)."""

from collections.abc import Awaitable, Callable

from tenure.client import Tenure
from tenure.contracts.base import Instant
from tenure.contracts.user import CreateUser
from tenure.contracts.wizard import AcceptTerms, Wizard, WizardCommand
from workers.demo.acts import Act
from workers.demo.acts.users import find
from workers.demo.world import World

type _Step = Callable[[Tenure, WizardCommand], Awaitable[Wizard]]


def launch(reference: str, admin: str) -> Act:
    """The organisation is opened, where it was left."""
    return _wizard(reference, admin, "launch", lambda console, who: console.wizard.launch_org(who))


def accept_terms(reference: str, admin: str) -> Act:
    """The terms are accepted, as they are shown."""

    async def step(console: Tenure, who: WizardCommand) -> Wizard:
        shown = await console.wizard.launch_org(who)
        return await console.wizard.accept_terms(AcceptTerms(**dict(who), terms_version=shown.terms_version))

    return _wizard(reference, admin, "accept terms", step)


def get_started(reference: str, admin: str) -> Act:
    """On to the prompts."""
    return _wizard(reference, admin, "get started", lambda console, who: console.wizard.get_started(who))


def complete(reference: str, admin: str) -> Act:
    """The prompts were followed."""
    return _wizard(reference, admin, "complete", lambda console, who: console.wizard.complete_setup(who))


def add_user_in_console(reference: str, admin: str, address: str, package: str) -> Act:
    """An admin of the customer adds a user, in the organisation's console (USR-02, WIZ-05)."""

    async def act(world: World, _now: Instant) -> None:
        customer = world.clientele.newest(reference)
        person = await find(world.service, customer, admin)
        command = CreateUser(
            organisation_id=customer.organisation_id, person_id=person.person_id, email=address, package=package
        )
        call = world.service.users.create_user(command)
        await world.attempt(
            await world.simulation.now(), world.clientele.name(reference), f"add {address} in the console", call
        )

    return act


def _wizard(reference: str, admin: str, what: str, step: _Step) -> Act:
    async def act(world: World, _now: Instant) -> None:
        customer, subject = world.clientele.newest(reference), world.clientele.name(reference)
        person = await find(world.service, customer, admin)
        who = WizardCommand(organisation_id=customer.organisation_id, person_id=person.person_id)
        wizard = await world.attempt(await world.simulation.now(), subject, what, step(world.service, who))
        if wizard is not None:
            await world.told(subject, "wizard", f"{what}: {wizard.step}")

    return act
