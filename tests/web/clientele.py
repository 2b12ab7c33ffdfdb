"""Wholesale customers for tests of the web: brought in, screened with a result that the test chooses, and reviewed."""

from itertools import count
from typing import Any, Self

from tenure.contracts.address import BillingAddress
from tenure.contracts.credential import CredentialRole
from tenure.contracts.customer import CreateCustomer, UpdateBillingAddress
from tenure.contracts.onboarding import (
    AccountReport,
    ListScreeningInput,
    OnboardingAt,
    OnboardingInput,
    ReviewAt,
    ScreeningTask,
)
from tenure.contracts.review import DecideCase, Decision, ScreeningTrigger
from tenure.contracts.screening import Agreement, EntryKind, Hit, ListId, ListVersion, NameQuality, Screening
from tenure.contracts.wizard import AcceptTerms, WizardCommand
from tenure.ids import OrganisationId, RplCaseId
from tenure.ports import Caller
from tests.web.site import Site
from tests.web.trade import Trade

LISTS = (
    ListVersion(list_id=ListId.US_DPL, version=3),
    ListVersion(list_id=ListId.US_SDN, version=12),
    ListVersion(list_id=ListId.UN, version=7),
)
RITA = Caller(actor="reviewer:rita", role=CredentialRole.REVIEWER)

_numbers = count(1)


def hit(**changes: Any) -> Hit:
    """An entry that a customer in Switzerland may be."""
    fields: dict[str, Any] = {
        "list_id": ListId.US_SDN,
        "entry_id": "306",
        "entry_hash": "a" * 64,
        "kind": EntryKind.ORGANISATION,
        "score": 0.956,
        "name": "Banco Nacional Cuba S.A.",
        "listed_name": "BANCO NACIONAL DE CUBA",
        "primary_name": "BANCO NACIONAL DE CUBA",
        "quality": NameQuality.PRIMARY,
        "country": Agreement.DIFFERS,
        "countries": ("CU", "ES"),
        "address": 0.71,
        "listed_address": "Zweierstrasse 35, Zurich CH-8022",
        "programmes": ("CUBA",),
    }
    return Hit.model_validate(fields | changes)


class Clientele:
    """One service provider, a seller of it at the console, and its customers."""

    def __init__(self, site: Site, trade: Trade, name: str) -> None:
        self.site = site
        self.name = name
        self.trade = trade
        self.partner_id = trade.partner_id
        self.seller = Caller(
            actor=f"partner:{name}", partner_id=trade.partner_id, person_id=trade.seller, role=CredentialRole.PARTNER
        )
        self._provider = Caller(
            actor="service_provider:tool", partner_id=trade.partner_id, role=CredentialRole.SERVICE_PROVIDER
        )
        self._services = site.application.services
        self._steps = site.application.onboarding_steps

    @classmethod
    async def open(cls, site: Site, name: str = "kim") -> Self:
        """A partner with a seller, and lists that customers were screened against."""
        for each in LISTS:
            await site.town.execute(
                "insert into screening_lists"
                " select $1, $2, repeat('b', 64), null, now, now, 'operator:ada', 1, 1 from business_now() as now"
                " on conflict do nothing",
                each.list_id,
                each.version,
            )
        return cls(site, await Trade.open(site), name)

    async def screening(self, name: str = "Banco Nacional Cuba S.A.", **changes: Any) -> OrganisationId:
        """A customer that is being screened."""
        fields: dict[str, Any] = {
            "partner_id": self.partner_id,
            "external_id": f"NT-{next(_numbers):04d}",
            "name": name,
            "billing_address": BillingAddress(
                lines=("Zweierstr. 35",), city="Zürich", postal_code="8004", country="CH"
            ),
            "package": "suite",
            "packages": {"suite": 3, "voice": 2},
            "admin_email": "eve@customer.example",
        }
        created = await self._services.customers.create(self._provider, CreateCustomer.model_validate(fields | changes))
        at = OnboardingAt(organisation_id=created.organisation_id, as_of=await self.site.town.now())
        await self._steps.check_onboarding(at)
        return created.organisation_id

    async def pending(self, name: str = "Banco Nacional Cuba S.A.", *hits: Hit, **changes: Any) -> RplCaseId:
        """The review of a new customer that may be an entry."""
        organisation_id = await self.screening(name, **changes)
        await self._screen(ScreeningTrigger.CREATE, organisation_id, hits or (hit(),))
        return await self.case_of(organisation_id)

    async def active(self, name: str = "Alder & Finch Ltd", **changes: Any) -> OrganisationId:
        """A customer that was clear, and whose account is ready."""
        organisation_id = await self.screening(name, **changes)
        await self._screen(ScreeningTrigger.CREATE, organisation_id, ())
        await self.account(organisation_id)
        return organisation_id

    async def account(self, organisation_id: OrganisationId) -> None:
        """The platform creates the account that is ordered."""
        order = await self._steps.account(OnboardingInput(organisation_id=organisation_id))
        assert order is not None
        await self._steps.record_account(AccountReport(order=order, resource="account-1"))

    async def moving(self, organisation_id: OrganisationId, *hits: Hit) -> RplCaseId:
        """The review of a customer's new address."""
        address = BillingAddress(lines=("Rue du Rhône 3",), city="Genève", postal_code="1204", country="CH")
        command = UpdateBillingAddress(organisation_id=organisation_id, billing_address=address)
        await self._services.customers.update_billing_address(self._provider, command)
        await self._screen(ScreeningTrigger.ADDRESS_UPDATE, organisation_id, hits or (hit(),))
        return await self.case_of(organisation_id)

    async def met_by_update(self, organisation_id: OrganisationId, *hits: Hit) -> RplCaseId:
        """The review that the update of a list has opened."""
        update = ListScreeningInput(list_id=ListId.US_SDN, version=13)
        for found, subject in await self._steps.customers_after(update, 100):
            if found == organisation_id:
                screening = Screening(hits=hits or (hit(),), lists=LISTS)
                await self._steps.record_list_screening(update, organisation_id, subject, screening)
        return await self.case_of(organisation_id)

    async def decide(self, case_id: RplCaseId, decision: Decision, reason: str = "Looked at") -> None:
        """The reviewer rita decides."""
        await self._services.reviews.decide(RITA, DecideCase(case_id=case_id, decision=decision, reason=reason))

    async def look(self, case_id: RplCaseId) -> None:
        """The process of a review looks now."""
        organisation_id = (await self._services.reviews.show(RITA, case_id)).organisation_id
        now = await self.site.town.now()
        await self._steps.check_review(ReviewAt(case_id=case_id, organisation_id=organisation_id, as_of=now))

    async def set_up(self, organisation_id: OrganisationId) -> None:
        """The seller goes through the first launch."""
        wizards, command = self._services.wizards, WizardCommand(organisation_id=organisation_id)
        wizard = await wizards.launch(self.seller, command)
        accept = AcceptTerms(organisation_id=organisation_id, terms_version=wizard.terms_version)
        await wizards.accept_terms(self.seller, accept)
        await wizards.get_started(self.seller, command)
        await wizards.complete(self.seller, command)

    async def case_of(self, organisation_id: OrganisationId) -> RplCaseId:
        """The open review of a customer."""
        found = "select case_id::text from rpl_cases where organisation_id = $1 and state = 'open'"
        return RplCaseId(await self.site.town.value(str, found, organisation_id))

    async def token(self) -> str:
        """The seller's."""
        return await self.site.token(CredentialRole.PARTNER, self.partner_id, self.name, self.trade.seller)

    async def _screen(self, trigger: ScreeningTrigger, organisation_id: OrganisationId, hits: tuple[Hit, ...]) -> None:
        task = ScreeningTask(trigger=trigger, organisation_id=organisation_id, generation=1)
        await self._steps.record_screening(task, Screening(hits=hits, lists=LISTS))
