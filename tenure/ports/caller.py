"""Who asks."""

from tenure.contracts.base import Contract
from tenure.contracts.credential import CredentialRole
from tenure.errors import Refusal, RefusalCode
from tenure.ids import PartnerId, PersonId


class Caller(Contract):
    """Who asks, for the audit and for what they may see."""

    actor: str
    """Such as `operator:ada`, `service:orders`, `partner:ptr_north`, `timer`. No address, no name of a customer."""
    partner_id: PartnerId | None = None
    """Set for a partner's credentials: nothing outside its customers is visible (P14)."""
    person_id: PersonId | None = None
    """Whose credentials a partner's are: that person, and nobody in their place, acts for the partner (TC-21)."""
    role: CredentialRole | None = None
    """Of the token; None for processes, and for programs that stand beside the database."""
    key: str | None = None
    """The caller's idempotency key: the same key and command again answers the same and does nothing."""

    def scope(self, asked: PartnerId | None) -> PartnerId | None:
        """The partner that a list is about, where one is asked for or the caller is one's; None: all of them (P14).

        Raises:
            Refusal: `forbidden` to a partner that asks for another's.
        """
        if self.partner_id is not None and asked not in {None, self.partner_id}:
            raise Refusal(RefusalCode.FORBIDDEN)
        return self.partner_id or asked


TIMER = Caller(actor="timer")
"""A process acting on time."""
