"""Names that Temporal knows: task queues, namespaces and workflow ids, the latter in both directions.

A workflow id is made of the business key alone. It carries no personal data, and its generation makes a recurring
process a new execution each time, so that no closed id is ever revived (P11).
"""

from tenure.contracts.process import ProcessType
from tenure.contracts.screening import ListId
from tenure.ids import LicenceSetId, OrganisationId, RplCaseId, TrialId

TASK_QUEUE = "tenure"
ERASURE_TASK_QUEUE = "tenure-erasure"
"""Destruction alone; its worker holds the database role that may delete (SF-12)."""

NAMESPACE = "tenure"
SIMULATION_NAMESPACE = "tenure-simulation"

RECONCILE_SCHEDULE = "reconcile"

TRIAL_GRACE_END = "trial-grace-end"
"""A patch of RenewalGrace: at the end of a trial's grace users move, are mailed, and numbers are held (GR-11)."""
GRACE_SHOWS_ITS_END = "grace-shows-its-end"
"""A patch of RenewalGrace: one that is over, and only has mails to deliver, is not shown as one that rests (P14)."""

FACTS_CHANGED = "facts_changed"
"""The signal that every process understands: read the facts again."""

_PREFIX = {
    ProcessType.RENEWAL_GRACE: "renewal-grace",
    ProcessType.DELETION_COUNTDOWN: "deletion",
    ProcessType.ERASURE: "erasure",
    ProcessType.TRIAL_CONSENT: "trial-consent",
    ProcessType.TRIAL: "trial",
    ProcessType.NUMBER_RETENTION: "number-retention",
    ProcessType.DEVICE_RETURN: "device-return",
    ProcessType.WHOLESALE_ONBOARDING: "onboarding",
    ProcessType.RPL_REVIEW: "rpl-review",
    ProcessType.ADDRESS_CHANGE: "address-change",
    ProcessType.LIST_SCREENING: "list-screening",
    ProcessType.CUSTOMER_SCREENING: "customer-screening",
}
_TYPE = {prefix: process_type for process_type, prefix in _PREFIX.items()}


def renewal_grace_id(licence_set_id: LicenceSetId, generation: int) -> str:
    """The workflow id of a licence set's grace after its `generation`-th expiry."""
    return f"{_PREFIX[ProcessType.RENEWAL_GRACE]}/{licence_set_id}/{generation}"


def deletion_id(organisation_id: OrganisationId, generation: int) -> str:
    """The workflow id of an organisation's `generation`-th countdown."""
    return f"{_PREFIX[ProcessType.DELETION_COUNTDOWN]}/{organisation_id}/{generation}"


def erasure_id(organisation_id: OrganisationId, generation: int) -> str:
    """The workflow id of the erasure that ended the `generation`-th countdown."""
    return f"{_PREFIX[ProcessType.ERASURE]}/{organisation_id}/{generation}"


def trial_consent_id(trial_id: TrialId, generation: int = 1) -> str:
    """The workflow id of a trial's request for consent; there is one in the life of a trial."""
    return f"{_PREFIX[ProcessType.TRIAL_CONSENT]}/{trial_id}/{generation}"


def trial_id(trial_id: TrialId, generation: int) -> str:
    """The workflow id of a trial; an extension in grace, and its end from grace, begin the next generation."""
    return f"{_PREFIX[ProcessType.TRIAL]}/{trial_id}/{generation}"


def number_retention_id(trial_id: TrialId, generation: int) -> str:
    """The workflow id of the `generation`-th hold of a trial's phone numbers."""
    return f"{_PREFIX[ProcessType.NUMBER_RETENTION]}/{trial_id}/{generation}"


def device_return_id(trial_id: TrialId, generation: int) -> str:
    """The workflow id of the return of a trial's devices, by their `generation`-th end date."""
    return f"{_PREFIX[ProcessType.DEVICE_RETURN]}/{trial_id}/{generation}"


def onboarding_id(organisation_id: OrganisationId, generation: int) -> str:
    """The workflow id of a wholesale customer's onboarding; a retry of its provisioning is the next generation."""
    return f"{_PREFIX[ProcessType.WHOLESALE_ONBOARDING]}/{organisation_id}/{generation}"


def rpl_review_id(case_id: RplCaseId) -> str:
    """The workflow id of a review; a case has one."""
    return f"{_PREFIX[ProcessType.RPL_REVIEW]}/{case_id}/1"


def address_change_id(organisation_id: OrganisationId, generation: int) -> str:
    """The workflow id of the `generation`-th change of a customer's billing address."""
    return f"{_PREFIX[ProcessType.ADDRESS_CHANGE]}/{organisation_id}/{generation}"


def list_screening_id(list_id: ListId, version: int) -> str:
    """The workflow id of what follows the update of a list to a version."""
    return f"{_PREFIX[ProcessType.LIST_SCREENING]}/{list_id}/{version}"


def customer_screening_id(trial_id: TrialId, generation: int = 1) -> str:
    """The workflow id of the screening of a customer that a trial has created; a trial has at most one."""
    return f"{_PREFIX[ProcessType.CUSTOMER_SCREENING]}/{trial_id}/{generation}"


def parse(workflow_id: str) -> tuple[ProcessType, str, int]:
    """Take a workflow id apart into its type, its subject's id and its generation.

    Raises:
        ValueError: the id was not made here.
    """
    prefix, subject, generation = workflow_id.split("/")
    if prefix not in _TYPE:
        raise ValueError(f"{workflow_id!r} is no workflow id of Tenure")
    return _TYPE[prefix], subject, int(generation)
