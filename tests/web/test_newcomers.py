"""New customers of trials, who are screened, over HTTP, on the command line and in the console."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tenure.contracts.credential import CredentialRole
from tenure.contracts.onboarding import ScreeningTask
from tenure.contracts.review import DecideCase, Decision, ScreeningTrigger
from tenure.contracts.screening import Screening
from tenure.ids import TrialId
from tenure.policy.screening import ScreeningRules
from tests.integration.deletion.town import SERVICE, Town
from tests.integration.wholesale.gate import LISTS, hit
from tests.web.clientele import RITA
from tests.web.site import Site, open_site
from tests.web.terminal import terminal
from tests.web.test_review_guards import form, session
from tests.web.trade import Trade


@pytest.fixture
async def site(town: Town, tmp_path: Path) -> AsyncIterator[Site]:
    """A simulation, served, in which all customers are screened who are created."""
    async with open_site(town, tmp_path, screening=ScreeningRules()) as site:
        yield site


async def test_what_partner_and_reviewer_see(site: Site, trade: Trade) -> None:
    """The partner sees where the screening stands and why its trial is over, in the same words everywhere; the reviewer what a decision does (RPL-01, RPL-05, RPL-11, RPL-14)."""
    changes = {
        "trial_id": TrialId("trl_quartz"),
        "organisation_id": None,
        "company_name": "Quartz Works",
        "admin_email": "eve@quartz.example",
    }
    trial = await trade.trials.request(SERVICE, trade.request(trade.home).model_copy(update=changes))
    steps, reviews = site.application.onboarding_steps, site.application.services.reviews
    task = ScreeningTask(
        trigger=ScreeningTrigger.CREATE, organisation_id=trial.organisation_id, trial_id=trial.trial_id
    )
    partner = await site.token(CredentialRole.PARTNER, trade.partner_id, "kim", trade.seller)
    tenure = terminal({"TENURE_URL": site.url, "TENURE_TOKEN": partner})
    await steps.record_unavailable(task, "The list un has never been loaded.")
    printed = (await tenure("trials", "show", trial.trial_id)).stdout
    assert "screening (The list un has never been loaded.)" in " ".join(printed.split())
    await steps.record_screening(task, Screening(hits=(hit(name="Quartz Works"),), lists=LISTS))
    [case] = (await reviews.page(RITA)).cases
    async with session(site, await site.token(CredentialRole.REVIEWER, name="eva")) as http:
        page = (await http.get(f"/console/reviews/{case.case_id}")).text
        assert f'by trial <span class="id">{trial.trial_id}</span>' in page
        assert "Without a decision in time the trial is cancelled" in page
        planned = await http.post(f"/console/reviews/{case.case_id}/plan", data=form())
        assert "What the trial has ordered is built at once" in planned.text
    async with session(site, partner) as http:
        path = f"/console/trials/{trial.trial_id}"
        for seen_at in (path, "/console/trials"):
            assert "Review pending" in (await http.get(seen_at)).text
        await reviews.decide(RITA, DecideCase(case_id=case.case_id, decision=Decision.REJECT, reason="Looked at"))
        assert "Rejected by a reviewer" in (await http.get(path)).text
    async with session(site, await site.token(CredentialRole.OPERATOR)) as http:
        assert "It has been cancelled." in (page := (await http.get(path)).text)
        assert "Request another trial" not in page
    assert "rpl rejected" in (await tenure("trials", "show", trial.trial_id)).stdout
    async with site.client(partner) as client:
        seen = await client.trials.show(trial.trial_id)
        assert seen.screening is not None
        assert (seen.state, seen.screening.state, seen.screening.reason) == ("cancelled", "error", "rpl_rejected")
