"""Who may call the HTTP API and sign in to the console."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import StringConstraints, model_validator

from tenure.contracts.base import Contract
from tenure.ids import PartnerId, PersonId


class CredentialRole(StrEnum):
    """What a token is for."""

    SERVICE = "service"
    """Reports facts and activity, and reads."""
    OPERATOR = "operator"
    """A person of the vendor, each with a token of their own: everything a service may, and the switches."""
    PARTNER = "partner"
    """A partner: reads what concerns its customers (P14); a person of it also deals with its trials and customers (TC-21)."""
    SERVICE_PROVIDER = "service_provider"
    """The provisioning system of a partner: onboards its wholesale customers and their users (ONB-01)."""
    REVIEWER = "reviewer"
    """A person of the restricted-party team, each with a token of their own: decides on hits, and nothing else (RPL-14)."""
    LIST_KEEPER = "list_keeper"
    """The nightly job that loads restricted-party lists: reads and updates them, and nothing else (RPL-16)."""


OF_PARTNERS = frozenset({CredentialRole.PARTNER, CredentialRole.SERVICE_PROVIDER})
OF_SCREENING = frozenset({CredentialRole.REVIEWER, CredentialRole.LIST_KEEPER})
"""Each has one place to work at, and reaches no customer anywhere else."""


class Credential(Contract):
    """Whom a bearer token was issued to; the audit names them as `role:name`."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_.-]{0,62}$")]
    role: CredentialRole
    partner_id: PartnerId | None = None
    """Set for the tokens of a partner and of its provisioning system, and for no other."""
    person_id: PersonId | None = None
    """Whose a partner's token is, of the partner's own organisation; None: it only reads."""

    @model_validator(mode="after")
    def _partners_alone_have_a_partner(self) -> Self:
        if (self.role in OF_PARTNERS) != (self.partner_id is not None):
            raise ValueError("a partner's credential names its partner, and no other names one")
        if self.person_id is not None and self.role is not CredentialRole.PARTNER:
            raise ValueError("only a partner's credential names a person")
        return self
