"""How a partner's portal asks for a trial: who it would be for, what can be tried, the request, and what a refusal says.

Run it beside `make dev`, with the environment that this prints, after `tenure import examples/first-steps.csv`:

    TENURE_TOKEN=... python examples/request_trial.py camille@lumiere.example calling

A third word is the portal's own key of the request, such as 4712: another request needs another.
"""

import asyncio
import sys

from tenure import PartnerId, PersonId, Refusal, Tenure, TenureError, TrialId
from tenure.contracts.trial import AskOffer, RequestTrial, TrialPath

PARTNER, SELLER = PartnerId("ptr_north"), PersonId("per_sal")


async def main(admin_email: str, service: str, key: str = "4711") -> None:
    """Look at what is on offer, and ask for a service."""
    async with Tenure.from_environment() as tenure:
        catalogue = await tenure.trials.catalogue()
        print(f"Industries to pick from: {', '.join(catalogue.industries.values())}.")

        offer = await tenure.trials.offer(AskOffer(partner_id=PARTNER, admin_email=admin_email, country="FR"))
        if offer.path is TrialPath.NEW_CUSTOMER:
            print(f"Nobody has this address: a new customer, whose data will live in {offer.region}.")
        else:  # the partner's person says whether it is the right one (TR-14)
            print(f"It belongs to {offer.organisation_name} ({offer.organisation_id}).")
        for each in offer.services:
            print(f"{each.name}: {each.refusal.text if each.refusal else 'can be tried.'}")

        request = RequestTrial(
            # Made of a key of your own: the same request again is the same trial, for good (TR-23).
            trial_id=TrialId(f"trl_portal-{key}-{service}"),
            partner_id=PARTNER,
            requested_by=SELLER,
            services=(service,),
            organisation_id=offer.organisation_id,
            company_name="Atelier Lumière",
            admin_email=admin_email,
            industry="media",
            country="FR",
        )
        trial = await tenure.trials.request(request)  # or a Refusal, which has stored nothing
        print(f"{trial.trial_id} of {trial.organisation_name}: {trial.state.replace('_', ' ')}.")


if __name__ == "__main__":
    if len(sys.argv) not in {3, 4}:
        sys.exit(__doc__)
    try:
        asyncio.run(main(*sys.argv[1:]))
    except Refusal as refusal:  # the rules say no, and would again
        sys.exit(f"{refusal} ({refusal.code})")
    except TenureError as error:  # no answer, after half a minute of trying; or a setting is wrong
        sys.exit(str(error))
