"""Tenure: the commercial life of customer organisations, as durable Temporal workflows."""

from tenure.client import Tenure
from tenure.errors import MailRefused, Misconfigured, Refusal, RefusalCode, TenureError, Unavailable
from tenure.ids import LicenceSetId, OrganisationId, PartnerId, PersonId, TrialRequestId

__all__ = [
    "LicenceSetId",
    "MailRefused",
    "Misconfigured",
    "OrganisationId",
    "PartnerId",
    "PersonId",
    "Refusal",
    "RefusalCode",
    "Tenure",
    "TenureError",
    "TrialRequestId",
    "Unavailable",
]
