"""A trade in trials for tests: a partner with its people, customers, and the platform's answers, on the adapters of a site."""

from itertools import count
from typing import Any, Self

from adapters.mail.mailer import MailServer, SmtpMailer
from adapters.postgres.trials.steps import PostgresTrialSteps
from tenure.contracts.organisation import Role
from tenure.contracts.platform import Built, Deed
from tenure.contracts.trial import RequestTrial, TrialState, TrialView
from tenure.contracts.trial_process import PlatformReport, TrialAt
from tenure.ids import OrganisationId, PartnerId, PersonId, TrialId
from tests.integration.deletion.town import DOMAIN, SERVICE, Town
from tests.web.site import Site
from workers.stack.mail import MailSink

_numbers = count(1)


class Trade:
    """One partner that sells, and what it asks for."""

    def __init__(self, site: Site, home: OrganisationId, partner_id: PartnerId) -> None:
        self.site = site
        self.home = home
        self.partner_id = partner_id
        self.seller = PersonId(f"per_{home.name}-sales")
        self.helper = PersonId(f"per_{home.name}-help")
        services = site.application.services
        self.trials, self.consents, self.devices, self.links = (
            services.trials,
            services.consents,
            services.devices,
            services.links,
        )
        self._steps = PostgresTrialSteps(site.town.database, site.town.rules, services.catalogue, message_domain=DOMAIN)

    @classmethod
    async def open(cls, site: Site) -> Self:
        """A certified partner of tier 1 with an organisation of its own, a sales admin, and one who may not sell."""
        home = await site.town.organisation(admins=0)
        trade = cls(site, home, await site.town.partner(home))
        await person(site.town, home, trade.seller, Role.PARTNER_SALES_ADMIN)
        await person(site.town, home, trade.helper, Role.PARTNER_ADMIN)
        return trade

    def request(self, organisation_id: OrganisationId, **changes: Any) -> RequestTrial:
        """A request for an organisation that exists, by its first admin's address."""
        fields: dict[str, Any] = {
            "trial_id": TrialId(f"trl_{organisation_id.name}-{next(_numbers)}"),
            "partner_id": self.partner_id,
            "requested_by": self.seller,
            "services": ("calling", "messaging"),
            "organisation_id": organisation_id,
            "company_name": "A name",
            "admin_email": email(organisation_id),
            "industry": "retail",
            "country": "DE",
        }
        return RequestTrial.model_validate(fields | changes)

    async def asked(self, organisation_id: OrganisationId, **changes: Any) -> TrialId:
        """A request that waits for consent."""
        view = await self.trials.request(SERVICE, self.request(organisation_id, **changes))
        assert view.state is TrialState.PENDING_CONSENT
        return view.trial_id

    async def active(self, organisation_id: OrganisationId | None = None, **changes: Any) -> TrialView:
        """A trial for a customer that the partner manages, once the platform has built it."""
        town = self.site.town
        organisation_id = organisation_id or await town.organisation(managed_by=self.partner_id)
        view = await self.trials.request(SERVICE, self.request(organisation_id, **changes))
        assert view.state is TrialState.PROVISIONING
        await self.look(view)
        return await self.trials.show(SERVICE, view.trial_id)

    async def look(self, view: TrialView) -> None:
        """The trial's process looks now; the platform does at once what it is asked to."""
        generation = await self.site.town.value(int, "select generation from trials where trial_id = $1", view.trial_id)
        while True:
            at = TrialAt(
                trial_id=view.trial_id,
                organisation_id=view.organisation_id,
                generation=generation,
                as_of=await self.site.town.now(),
            )
            step = await self._steps.check_trial(at)
            if not step.orders:
                return
            for order in step.orders:
                numbers = tuple(f"+49301{next(_numbers):06d}" for _ in range(order.phone_numbers))
                built = Built(
                    resource=f"resource-{next(_numbers)}", phone_numbers=numbers if order.deed is Deed.BUILD else ()
                )
                await self._steps.record_platform(PlatformReport(order=order, built=built))

    async def deliver(self, organisation_id: OrganisationId, sink: MailSink) -> None:
        """Every mail of an organisation that waits goes out, as it is written, through the mail server."""
        services = self.site.application.services
        mailer = SmtpMailer(MailServer.from_url(sink.url), self.site.application.settings.mail_from)
        for [notice_id] in await self.site.town.fetch(
            "select notice_id::text from notices where organisation_id = $1 and state = 'queued'", organisation_id
        ):
            delivery = await services.notices.next_attempt(notice_id)
            assert delivery is not None
            answer = await mailer.send(services.writer.write(delivery))
            await services.notices.accepted(notice_id, answer)

    def consent_link(self, trial_id: TrialId, recipient: PersonId | TrialId) -> str:
        """The link of the mail that went to somebody."""
        return self.links.consent(trial_id, recipient)


def email(organisation_id: OrganisationId, number: int = 1) -> str:
    """The address of the n-th full admin of a town's organisation."""
    return f"ada-{number}@{organisation_id.name}.example"


async def person(town: Town, organisation_id: OrganisationId, person_id: PersonId, role: Role) -> None:
    """Somebody with a role."""
    await town.execute(
        "insert into people (person_id, organisation_id, name, email, created_at)"
        " values ($1, $2, 'Kim', $3, business_now())",
        person_id,
        organisation_id,
        f"{person_id.name}@{organisation_id.name}.example",
    )
    await town.execute("insert into person_roles values ($1, $2)", person_id, role)
