"""All commands under one name."""

import typer

from tenure.cli import (
    activity,
    breaker,
    calendar,
    consents,
    customer_changes,
    customers,
    deletion,
    devices,
    explain,
    feeds,
    imports,
    lists,
    notices,
    organisations,
    receipts,
    reviews,
    trial_changes,
    trial_offers,
    trials,
    users,
    wizard,
)

app = typer.Typer(
    name="tenure",
    help="The commercial life of customer organisations: what happens next, when, why, and what would stop it.",
    epilog="TENURE_URL and TENURE_TOKEN say where Tenure runs and who asks. Exit codes: 0 done, 1 refused,"
    " 2 invalid input, 3 Tenure does not answer.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.command("import")(imports.import_portfolio)
app.add_typer(organisations.app, name="organisations")
app.command("explain")(explain.explain)
app.command("calendar")(calendar.calendar)
for change in (
    trial_offers.catalogue,
    trial_offers.offer,
    trial_offers.codes,
    trial_changes.resend,
    trial_changes.cancel,
    trial_changes.details,
    trial_changes.extend,
    trial_changes.edit,
    trial_changes.assign,
    trial_changes.convert,
    trial_changes.claim_numbers,
    consents.pending,
    consents.accept,
    consents.decline,
):
    trials.app.command()(change)
app.add_typer(trials.app, name="trials")
for command in (
    customer_changes.update_address,
    customer_changes.set_quantities,
    customer_changes.run_provisioning,
    customer_changes.cancel_subscription,
    customer_changes.set_payment_state,
):
    customers.app.command()(command)
app.add_typer(customers.app, name="customers")
app.add_typer(users.app, name="users")
app.add_typer(reviews.app, name="reviews")
app.add_typer(wizard.app, name="wizard")
app.add_typer(devices.app, name="devices")
app.add_typer(activity.app, name="activity")
app.add_typer(feeds.app, name="feeds")
app.add_typer(notices.app, name="notices")
app.add_typer(lists.app, name="lists")
app.command("screen")(lists.screen)
app.command("delete-now")(deletion.delete_now)
app.add_typer(deletion.erasures, name="erasures")
app.add_typer(breaker.app, name="breaker")
app.add_typer(receipts.app, name="receipt")
