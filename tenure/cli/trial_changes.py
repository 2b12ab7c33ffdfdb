"""What a partner does to its trial, and the order that converts it: `tenure trials resend` to `convert`.

What takes something away asks first, and shows what it would take (TC-03, TC-10, TC-19).
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated

import typer

from tenure.cli import output, session
from tenure.cli.parameters import By, Json, Trial, Yes, instant, licence_set, order, partner, person
from tenure.cli.trials import SiteUrl, SiteZone, report, services, site
from tenure.client import Tenure
from tenure.contracts.base import Instant
from tenure.contracts.conversion import ClaimNumbers, Conversion, ConvertTrial
from tenure.contracts.trial import (
    AssignLicences,
    CancelTrial,
    EditTrial,
    ExtendTrial,
    ProvideDetails,
    ResendConsent,
    TrialView,
)
from tenure.ids import LicenceSetId, OrderId, PartnerId, PersonId
from tenure.policy.trial import extended


def resend(trial: Trial, *, by: By, json: Json = False) -> None:
    """Mail a request for consent again; its deadline stays."""
    with session.checking():
        command = ResendConsent(trial_id=trial, by=by)
    _change(lambda tenure: tenure.trials.resend_consent(command), json=json)


def cancel(trial: Trial, *, by: By, yes: Yes = False, json: Json = False) -> None:
    """End a request or a trial. An active one loses its licences at once, without grace."""
    if not yes:
        view = session.run(lambda tenure: tenure.trials.show(trial))
        session.confirm(f"End {services(view.services)} of {view.organisation_name} ({output.words(view.state)})?")
    with session.checking():
        command = CancelTrial(trial_id=trial, by=by, confirmed=True)
    _change(lambda tenure: tenure.trials.cancel(command), json=json)


def details(
    trial: Trial,
    *,
    by: By,
    seats: Annotated[int, typer.Option("--seats", help="How many people will use it.")] = 25,
    json: Json = False,
) -> None:
    """Give the details that provisioning waits for; again, it is tried again."""
    with session.checking():
        command = ProvideDetails(trial_id=trial, by=by, seats=seats)
    _change(lambda tenure: tenure.trials.provide_details(command), json=json)


def extend(
    trial: Trial,
    *,
    days: Annotated[int, typer.Option("--days", help="From now: they replace the end, and are not added to it.")],
    by: By,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Replace the end of a trial. Where the new end is earlier, both are shown first."""
    confirmed = yes or _may_end_earlier(session.run(_looked_at(trial)), days)
    with session.checking():
        command = ExtendTrial(trial_id=trial, by=by, days=days, confirmed=confirmed)
    _change(lambda tenure: tenure.trials.extend(command), json=json)


def _looked_at(trial: Trial) -> Callable[[Tenure], Awaitable[tuple[TrialView, Instant]]]:
    async def work(tenure: Tenure) -> tuple[TrialView, Instant]:
        return await tenure.trials.show(trial), await tenure.now()

    return work


def _may_end_earlier(found: tuple[TrialView, Instant], days: int) -> bool:
    """Ask where the extension shortens; one that does not needs no answer."""
    view, now = found
    if days < 1 or view.ends_at is None or view.ends_at <= (end := extended(now, days)):
        return False
    session.confirm(
        f"The trial ends {output.due(view.ends_at, now)}; it would end earlier, {output.due(end, now)}. Shorten it?"
    )
    return True


def edit(
    trial: Trial,
    *,
    service: Annotated[list[str], typer.Option("--service", help="All that the trial has from now on; once for each.")],
    by: By,
    site_url: SiteUrl = None,
    site_time_zone: SiteZone = None,
    json: Json = False,
) -> None:
    """Replace the services of a trial."""
    with session.checking():
        command = EditTrial(trial_id=trial, by=by, services=tuple(service), site=site(site_url, site_time_zone))
    _change(lambda tenure: tenure.trials.edit(command), json=json)


def assign(
    trial: Trial,
    *,
    give: Annotated[
        list[PersonId] | None,
        typer.Option("--give", parser=person, metavar="PERSON", help="Who holds a licence from now on; once for each."),
    ] = None,
    take: Annotated[
        list[PersonId] | None,
        typer.Option("--take", parser=person, metavar="PERSON", help="Who holds none from now on; once for each."),
    ] = None,
    by: By,
    json: Json = False,
) -> None:
    """Give people licences of a trial, or take them from some; everybody else stays as they are."""
    if not give and not take:
        raise typer.BadParameter("say whom to --give a licence, or from whom to --take it")
    with session.checking():
        command = AssignLicences(trial_id=trial, by=by, give=tuple(give or ()), take=tuple(take or ()))
    _change(lambda tenure: tenure.trials.assign_licences(command), json=json)


def convert(
    trial: Trial,
    *,
    order: Annotated[OrderId, typer.Option("--order", parser=order, metavar="ORDER", help="Such as ord_2231.")],
    licence_set: Annotated[
        LicenceSetId,
        typer.Option("--licence-set", parser=licence_set, metavar="LICENCE_SET", help="The new subscription's."),
    ],
    service: Annotated[list[str], typer.Option("--service", help="What was ordered; once for each.")],
    expires_at: Annotated[
        datetime | None,
        typer.Option("--expires-at", parser=instant, metavar="INSTANT", help="Of the new subscription."),
    ] = None,
    ordered_by: Annotated[
        PartnerId | None,
        typer.Option("--ordered-by", parser=partner, metavar="PARTNER", help="If not the customer itself."),
    ] = None,
    contact: Annotated[
        PersonId | None,
        typer.Option("--contact", parser=person, metavar="PERSON", help="Who sets it up; who ordered, if not given."),
    ] = None,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Report a paid order for services of a trial. What it does not name stays on trial, and is listed first."""
    with session.checking():
        command = ConvertTrial(
            trial_id=trial,
            order_id=order,
            licence_set_id=licence_set,
            services=tuple(service),
            expires_at=expires_at,
            ordered_by=ordered_by,
            contact=contact,
            confirmed=yes,
        )
    if not yes:
        plan = session.run(lambda tenure: tenure.trials.plan_conversion(command))
        command = command.model_copy(update={"confirmed": _may_leave_behind(plan)})
    done = session.run(lambda tenure: tenure.trials.convert(command))
    if json:
        output.print_json(done)
        return
    output.print_fields(
        [
            ("Converted", ", ".join(done.converted)),
            ("Still on trial", ", ".join(done.remaining)),
            ("Set up by", done.contact),
        ]
    )


def claim_numbers(
    trial: Trial,
    *,
    licence_set: Annotated[
        LicenceSetId,
        typer.Option("--licence-set", parser=licence_set, metavar="LICENCE_SET", help="The subscription with calling."),
    ],
    json: Json = False,
) -> None:
    """Give a trial's phone numbers that are on hold to a subscription of the same organisation."""
    command = ClaimNumbers(trial_id=trial, licence_set_id=licence_set)
    _change(lambda tenure: tenure.trials.claim_numbers(command), json=json)


def _may_leave_behind(plan: Conversion) -> bool:
    """Ask where services are missing from the order; a complete one needs no answer."""
    if not plan.remaining:
        return False
    output.complain(f"Missing from the order: {', '.join(plan.remaining)}.")
    session.confirm("These stay on the trial and end with it. Convert the others?")
    return True


def _change(change: Callable[[Tenure], Awaitable[TrialView]], *, json: bool) -> None:
    async def work(tenure: Tenure) -> tuple[TrialView, Instant]:
        return await change(tenure), await tenure.now()

    view, now = session.run(work)
    report(view, now, json=json)
