"""The wholesale customers, by their service providers' own references: their ids are others at each run."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from rich.table import Table

from adapters.postgres.simulation import Change
from tenure.client import Tenure
from tenure.contracts.customer import CustomerView
from tenure.contracts.portfolio import OrganisationRecord
from tenure.errors import Refusal, RefusalCode
from tenure.ids import OrganisationId


@dataclass
class Clientele:
    """Everybody who was brought in, and what the timeline calls them."""

    records: dict[str, OrganisationRecord] = field(default_factory=dict)
    """By what the timeline calls them; a partner's own organisation is none of these: it is in the portfolio."""
    names: dict[str, str] = field(default_factory=dict)
    """What the timeline calls an organisation, by its id."""
    _newest: dict[str, CustomerView] = field(default_factory=dict)
    _attempts: Counter[str] = field(default_factory=Counter)

    def take_in(self, customer: CustomerView) -> bool:
        """Write a customer down that was created; answers whether it is one that was not there before.

        It goes by its reference; who has a reference after somebody else, by that and a number.
        """
        reference = customer.external_id
        known = self._newest.get(reference)
        if known is not None and known.organisation_id == customer.organisation_id:
            return False
        self._newest[reference] = customer
        if customer.is_own_org:
            self.names[customer.organisation_id] = customer.organisation_id
            return True
        self._attempts[reference] += 1
        attempt = self._attempts[reference]
        name = reference if attempt == 1 else f"{reference}/{attempt}"
        self.names[customer.organisation_id] = name
        self.records[name] = OrganisationRecord(
            organisation_id=customer.organisation_id, name=customer.name, country=customer.org_country
        )
        return True

    def newest(self, reference: str) -> CustomerView:
        """The customer that has a reference, as it was created."""
        return self._newest[reference]

    def organisation(self, reference: str) -> OrganisationId:
        """The organisation of the customer that has a reference; a customer of a trial goes by its id."""
        return self._newest[reference].organisation_id if reference in self._newest else OrganisationId(reference)

    def name(self, reference: str) -> str:
        """What the timeline calls it; one that was never created goes by its reference."""
        return self.names[self._newest[reference].organisation_id] if reference in self._newest else reference

    def renamed(self, history: Sequence[Change]) -> list[Change]:
        """The same history, of the subjects as the timeline calls them."""
        return [
            change.model_copy(update={"subject": self.names[change.subject]})
            if change.subject in self.names
            else change
            for change in history
        ]

    async def table(self, operator: Tenure) -> Table:
        """What has become of all of them, each with its reviews: the customers' names are left to the timeline."""
        table = Table(box=None, pad_edge=False, title="Wholesale customers", title_justify="left", title_style="bold")
        for column in ("Reference", "Partner", "Onboarding", "Statuses", "Reviews"):
            table.add_column(column)
        cases = [case async for case in operator.reviews.list_rpl_cases()]
        for organisation_id, name in self.names.items():
            own = [f"{case.trigger} {case.state}" for case in cases if case.organisation_id == organisation_id]
            try:
                customer = await operator.customers.get_onboarding(OrganisationId(organisation_id))
            except Refusal as refusal:
                gone = "erased" if refusal.code is RefusalCode.CUSTOMER_NOT_FOUND else str(refusal.code)
                table.add_row(name, "", gone, "", ", ".join(own))
                continue
            state = f"{customer.state}, {customer.reason}" if customer.reason else str(customer.state)
            table.add_row(name, customer.partner_id, state, ", ".join(customer.statuses), ", ".join(own))
        return table
