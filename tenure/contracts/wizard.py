"""The first launch of an organisation: terms, and a wizard that remembers where it was (WIZ)."""

from enum import StrEnum
from typing import Annotated

from pydantic import StringConstraints

from tenure.contracts.base import Command, Contract, Instant
from tenure.contracts.package import PackageCode, Quantity
from tenure.ids import OrganisationId, PersonId

TermsVersion = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$")]


class WizardStep(StrEnum):
    """What is to be done next."""

    ACCEPT_TERMS = "accept_terms"
    GET_STARTED = "get_started"
    FOLLOW_PROMPTS = "follow_prompts"
    COMPLETE = "complete"
    """A launch skips the wizard (WIZ-02)."""


class Wizard(Contract):
    """Where the first launch of an organisation stands, with the summary of its plan (WIZ-02)."""

    organisation_id: OrganisationId
    organisation_name: str
    step: WizardStep
    package: PackageCode | None = None
    """Of a wholesale customer."""
    quantities: tuple[Quantity, ...] = ()
    services: tuple[str, ...] = ()
    """What the organisation's licences cover."""
    terms_version: TermsVersion
    """To be accepted, or that was."""
    terms_url: str
    accepted_by: str | None = None
    """Who accepted them: a person's id, or whose token it was."""
    accepted_at: Instant | None = None
    completed_at: Instant | None = None


class WizardCommand(Command):
    """Launch an organisation, or go on with its wizard.

    `person_id` says who does it, where a service asks in the name of an admin of the organisation.
    """

    organisation_id: OrganisationId
    person_id: PersonId | None = None


class AcceptTerms(WizardCommand):
    """Accept the terms of this very version; again, nothing changes (WIZ-04)."""

    terms_version: TermsVersion
