"""A subscription that an import brings is a purchase like any other (GR-05, TC-20)."""

import json

from adapters.postgres.imports import PostgresImports
from tenure.contracts.notice import NoticeKind, TrialMatter
from tenure.contracts.trial import TrialState
from tenure.policy.catalogue import shipped
from tenure.portfolio import JSON_LINES
from tests.integration.deletion.town import DAY, OPERATOR, Town
from tests.integration.trials.fairground import Fairground


async def test_bought_according_to_an_import(town: Town) -> None:
    """What it covers leaves the trial, the mails of whose end are void; what it does not cover goes on (GR-05, TC-19, TC-20)."""
    ground = await Fairground.open(town)
    part, whole = await ground.trial("messaging", "calling"), await ground.trial("messaging")
    await town.advance(23 * DAY)
    for trial in (part, whole):
        await ground.run(trial.trial_id)
    rows = [
        {
            "record": "licence_set",
            "licence_set_id": f"lic_paid-{number}",
            "organisation_id": trial.organisation_id,
            "kind": "subscription",
            "services": ["messaging"],
        }
        for number, trial in enumerate((part, whole))
    ]
    content = "\n".join(map(json.dumps, rows)).encode()
    report = await PostgresImports(town.database, town.rules, shipped()).store(OPERATOR, content, JSON_LINES)
    assert not report.errors
    assert (await ground.row(part.trial_id))["services"] == ["calling"]
    assert (await ground.show(whole.trial_id)).state is TrialState.CONVERTED
    told = (NoticeKind.TRIAL_ENDING, NoticeKind.TRIAL_ENDING_PARTNER)
    assert await ground.post(whole.organisation_id, *told) == []
    rest = [delivery.matter for delivery in await ground.post(part.organisation_id, *told)]
    assert rest
    assert {service.key for matter in rest if isinstance(matter, TrialMatter) for service in matter.services} == {
        "calling"
    }
