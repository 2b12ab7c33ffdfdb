"""What a service of yours contains: it reports facts and activity to Tenure, and lets Tenure do the rest.

Run it beside `make dev`, with the environment that this prints, after `tenure import examples/first-steps.csv`:

    TENURE_TOKEN=... TENURE_WEBHOOK_SECRET=... python examples/report_facts.py org_alder
"""

import asyncio
import sys
from datetime import UTC, datetime

from tenure import LicenceSetId, OrganisationId, Refusal, Tenure, TenureError
from tenure.contracts.activity import ActivityEvent, ActivityKind
from tenure.contracts.licence import ExpireLicences, GrantLicences, LicenceKind


async def main(organisation_id: OrganisationId) -> None:
    """Sell a subscription, see it used, and see it end."""
    now = datetime.now(UTC)
    licences = LicenceSetId(f"lic_{organisation_id.removeprefix('org_')}-voice")
    async with Tenure.from_environment() as tenure:
        bought = GrantLicences(licence_set_id=licences, organisation_id=organisation_id, kind=LicenceKind.SUBSCRIPTION)
        # The key makes a repeated delivery of the same order harmless.
        await tenure.licences.grant(bought, key=f"order-{licences}")

        signed_in = ActivityEvent(
            organisation_id=organisation_id, kind=ActivityKind.APP_SIGN_IN, at=now, source="identity"
        )
        counts = await tenure.record_activity([signed_in])
        print(f"{counts.accepted} event counts, {counts.older} was known already.")

        ended = await tenure.licences.expire(ExpireLicences(licence_set_id=licences, expired_at=datetime.now(UTC)))
        print(f"The licences rest until {ended.removal_due_at}, and can be restored before.")

        for sentence in (await tenure.organisations.explain(organisation_id)).sentences:
            print(sentence)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    try:
        asyncio.run(main(OrganisationId(sys.argv[1])))
    except Refusal as refusal:  # the rules say no, and would again
        sys.exit(f"{refusal} ({refusal.code})")
    except TenureError as error:  # no answer, after half a minute of trying; or a setting is wrong
        sys.exit(str(error))
