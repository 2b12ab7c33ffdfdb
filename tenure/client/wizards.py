"""The first launch of an organisation, for its consoles (WIZ)."""

from pydantic import TypeAdapter

from tenure.client.connection import Connection
from tenure.contracts.wizard import AcceptTerms, Wizard, WizardCommand

_WIZARD: TypeAdapter[Wizard] = TypeAdapter(Wizard)


class Wizards:
    """A wizard that remembers where it was. `key` is the idempotency key; one is made for each call without one."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def launch_org(self, command: WizardCommand, *, key: str | None = None) -> Wizard:
        """Open an organisation where it was left; once it is set up, the step is `complete` (WIZ-02, WIZ-06)."""
        return await self._connection.command("/v1/wizard/launch", command, _WIZARD, key)

    async def accept_terms(self, command: AcceptTerms, *, key: str | None = None) -> Wizard:
        """Accept the terms that are in force (WIZ-04).

        Raises:
            Refusal: `terms_outdated` for another version than that of the wizard.
        """
        return await self._connection.command("/v1/wizard/accept-terms", command, _WIZARD, key)

    async def get_started(self, command: WizardCommand, *, key: str | None = None) -> Wizard:
        """Begin the prompts.

        Raises:
            Refusal: `terms_not_accepted` (WIZ-04).
        """
        return await self._connection.command("/v1/wizard/get-started", command, _WIZARD, key)

    async def complete_setup(self, command: WizardCommand, *, key: str | None = None) -> Wizard:
        """The prompts were followed: the organisation is set up, recorded once (WIZ-05, WIZ-06).

        Raises:
            Refusal: `terms_not_accepted`, or `wrong_state` before the prompts have begun.
        """
        return await self._connection.command("/v1/wizard/complete", command, _WIZARD, key)
