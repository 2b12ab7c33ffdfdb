"""Names that Temporal knows: task queues, namespaces and workflow ids, the latter in both directions.

A workflow id is made of the business key alone. It carries no personal data, and its generation makes a recurring
process a new execution each time, so that no closed id is ever revived (P11).
"""

from tenure.contracts.process import ProcessType
from tenure.ids import LicenceSetId, OrganisationId

TASK_QUEUE = "tenure"
ERASURE_TASK_QUEUE = "tenure-erasure"
"""Destruction alone; its worker holds the database role that may delete (SF-12)."""

NAMESPACE = "tenure"
SIMULATION_NAMESPACE = "tenure-simulation"

RECONCILE_SCHEDULE = "reconcile"

FACTS_CHANGED = "facts_changed"
"""The signal that every process understands: read the facts again."""

_PREFIX = {
    ProcessType.RENEWAL_GRACE: "renewal-grace",
    ProcessType.DELETION_COUNTDOWN: "deletion",
    ProcessType.ERASURE: "erasure",
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


def parse(workflow_id: str) -> tuple[ProcessType, str, int]:
    """Take a workflow id apart into its type, its subject's id and its generation.

    Raises:
        ValueError: the id was not made here.
    """
    prefix, subject, generation = workflow_id.split("/")
    if prefix not in _TYPE:
        raise ValueError(f"{workflow_id!r} is no workflow id of Tenure")
    return _TYPE[prefix], subject, int(generation)
