"""The rows of the tables, typed in by hand, as the model counts them (18.1 to 18.3, 18.5, 18.7)."""

from typing import Final

_STATES: Final = (
    "pending_consent",
    "awaiting_details",
    "provisioning",
    "active",
    "grace",
    "converted",
    "cancelled",
    "ended",
)
_ACTIONS: Final = ("resend", "cancel", "provide", "extend", "edit", "convert", "assign")
_CONSENTS: Final = ("pending", "accepted", "lapsed", "withdrawn", "declined")
_TRANSITIONS: Final = """
Trial: new
Trial: existing
Trial: add_on
Trial: pending_consent → awaiting_details
Trial: pending_consent → cancelled
Trial: awaiting_details → provisioning
Trial: awaiting_details → cancelled
Trial: provisioning → provisioning
Trial: provisioning → active
Trial: provisioning → converted
Trial: provisioning → cancelled
Trial: provisioning, bought in part
Trial: reminded
Trial: active → active
Trial: active → grace
Trial: active → converted
Trial: active → cancelled
Trial: active, bought in part
Trial: grace → active
Trial: grace → converted
Trial: grace → cancelled
Trial: grace → ended
Trial: grace, bought in part
Consent: pending → accepted
Consent: pending → lapsed
Consent: pending → withdrawn
Consent: pending → declined
accept: in part
Subscription: active → suspended
Subscription: suspended → removed
Number: assigned → held
Number: held → assigned
Number: held → released
Access: None → provisioning
Access: None → full
Access: provisioning → full
Access: provisioning → None
Access: provisioning → none
Access: full → None
Access: full → none
Access: none → provisioning
Access: none → full
"""

ROWS: Final = frozenset(
    [
        *_TRANSITIONS.strip().splitlines(),
        *(f"{action}: {state}" for action in _ACTIONS for state in _STATES),
        *(f"{answer}: {consent}" for answer in ("accept", "decline") for consent in _CONSENTS),
    ]
)
"""What random lives have to go through, each at least once; an action in a state is a row whether allowed or refused."""
