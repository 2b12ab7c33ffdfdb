"""Tenure: the commercial life of customer organisations, as durable Temporal workflows."""

from tenure.client import Tenure
from tenure.errors import MailRefused, Misconfigured, Refusal, RefusalCode, TenureError, Unavailable
from tenure.ids import LicenceSetId, OrderId, OrganisationId, PartnerId, PersonId, RplCaseId, TrialId, TrialRequestId

__all__ = [
    "LicenceSetId",
    "MailRefused",
    "Misconfigured",
    "OrderId",
    "OrganisationId",
    "PartnerId",
    "PersonId",
    "Refusal",
    "RefusalCode",
    "RplCaseId",
    "Tenure",
    "TenureError",
    "TrialId",
    "TrialRequestId",
    "Unavailable",
]
