"""Trials on the command line: tables, JSON, questions before anything is taken away, and the way out of refusals."""

import asyncio
import os
import sys

import pytest

from tenure.contracts.credential import CredentialRole
from tenure.contracts.trial import TrialState, TrialView
from tenure.errors import RefusalCode
from tenure.ids import OrganisationId
from tests.integration.deletion.town import DAY, SERVICE, admin
from tests.web.site import Site
from tests.web.terminal import Command, as_json, terminal
from tests.web.trade import Trade, email


@pytest.fixture
async def environment(site: Site) -> dict[str, str]:
    """The environment of an operator's shell."""
    return {"TENURE_URL": site.url, "TENURE_TOKEN": await site.token(CredentialRole.OPERATOR, name="ada")}


@pytest.fixture
def tenure(environment: dict[str, str]) -> Command:
    """Runs `tenure` with arguments, in a thread of its own beside the server."""
    return terminal(environment)


@pytest.fixture
async def customer(site: Site) -> OrganisationId:
    """An organisation that the partner does not manage."""
    return await site.town.organisation()


@pytest.fixture
async def trial(trade: Trade) -> TrialView:
    """An active trial of 30 days."""
    return await trade.active()


def request(trade: Trade, customer: OrganisationId, *more: str) -> tuple[str, ...]:
    """A request for calling."""
    return (
        *("trials", "request", "--partner", trade.partner_id, "--by", trade.seller, "--service", "calling"),
        *("--organisation", customer, "--company", "A", "--email", email(customer)),
        *("--industry", "retail", "--country", "DE", *more),
    )


async def test_a_trial_is_asked_for_and_consented_to(trade: Trade, tenure: Command, customer: OrganisationId) -> None:
    """Offer, request, resend, what waits, acceptance and details, with the time left in words (TR, CO, PS-02)."""
    offer = ("trials", "offer", "--partner", trade.partner_id, "--email", email(customer))
    assert (await as_json(tenure, *offer))["path"] == "existing_customer"
    assert "Contact Center" in (await tenure(*offer)).stdout
    printed = (await tenure(*request(trade, customer, "--id", "trl_own", "--device", "Phone 9=2"))).stdout
    assert "pending consent" in printed
    assert "in 10 days" in printed
    again = await as_json(tenure, *request(trade, customer, "--id", "trl_own", "--device", "Phone 9=2"))
    assert again["trial_id"] == "trl_own"
    by = ("trl_own", "--by", trade.seller)
    assert "pending consent" in (await tenure("trials", "resend", *by)).stdout
    waiting = ("trials", "pending", customer, "--person", admin(customer))
    assert "in 10 days" in (await tenure(*waiting)).stdout
    assert [one["trial_id"] for one in await as_json(tenure, *waiting)] == ["trl_own"]
    accept = ("trials", "accept", "trl_own", "--person", admin(customer), "--full-administration")
    assert "awaiting details, with full access" in (await tenure(*accept)).stdout
    assert "Nothing waits" in (await tenure(*waiting)).stdout
    assert "provisioning" in (await tenure("trials", "details", *by, "--seats", "9")).stdout
    assert (await as_json(tenure, "trials", "show", "trl_own"))["seats"] == 9
    assert "trl_own" in (await tenure("trials", "list", "--state", "provisioning")).stdout
    assert "no such trials" in (await tenure("trials", "list", "--ending", "30")).stdout


async def test_a_request_can_be_declined(trade: Trade, tenure: Command, customer: OrganisationId) -> None:
    """The customer's no ends it, and what comes after says where to look (CO-20)."""
    trial_id = await trade.asked(customer)
    assert "declined" in (await tenure("trials", "decline", trial_id, "--person", admin(customer))).stdout
    refused = await tenure("trials", "accept", trial_id, "--person", admin(customer), code=1)
    assert "tenure trials show" in refused.stderr


async def test_a_shorter_end_is_asked_about(
    site: Site, trade: Trade, tenure: Command, trial: TrialView, environment: dict[str, str]
) -> None:
    """Extending to an earlier end shows both dates and asks; a later one, and --yes, do not (TC-01, TC-03)."""
    await site.town.advance(5 * DAY)
    extend = ("trials", "extend", trial.trial_id, "--by", trade.seller, "--days")
    nobody = await tenure(*extend, "10", code=2)
    assert "--yes" in nobody.stderr
    assert trial.ends_at is not None
    assert f"{trial.ends_at - 15 * DAY:%Y-%m-%d}" in nobody.stderr
    code, said = await on_terminal(environment, "n\n", *extend, "10")
    assert code == 1
    assert f"{trial.ends_at:%Y-%m-%d}" in said
    assert f"{trial.ends_at - 15 * DAY:%Y-%m-%d}" in said
    assert (await trade.trials.show(SERVICE, trial.trial_id)).ends_at == trial.ends_at
    code, said = await on_terminal(environment, "y\n", *extend, "10")
    assert code == 0, said
    assert "in 10 days" in (await tenure("trials", "list", "--ending", "30")).stdout
    assert "in 20 days" in (await tenure(*extend, "20")).stdout
    assert "in 5 days" in (await tenure(*extend, "5", "--yes")).stdout
    assert "fewer --days" in (await tenure(*extend, "31", code=1)).stderr
    assert "--days 1 or more" in (await tenure(*extend, "0", code=1)).stderr


async def test_a_cancellation_is_asked_about(
    trade: Trade, tenure: Command, trial: TrialView, environment: dict[str, str]
) -> None:
    """Cancelling names what ends and asks; without a yes nothing happens, after it no end is told any more (TC-10, TC-11)."""
    cancel = ("trials", "cancel", trial.trial_id, "--by", trade.seller)
    assert "--yes" in (await tenure(*cancel, code=2)).stderr
    code, said = await on_terminal(environment, "n\n", *cancel)
    assert code == 1
    assert "End calling, messaging of" in said
    assert (await trade.trials.show(SERVICE, trial.trial_id)).state is TrialState.ACTIVE
    assert "Trial ends" in (await tenure("trials", "show", trial.trial_id)).stdout
    cancelled = (await tenure(*cancel, "--yes")).stdout
    assert "cancelled" in cancelled
    assert "Trial end" not in cancelled


async def test_a_partial_order_lists_what_it_leaves(
    trade: Trade, tenure: Command, trial: TrialView, environment: dict[str, str]
) -> None:
    """Before a conversion the services that the order misses are listed, and asked about (TC-19)."""
    convert = (
        *("trials", "convert", trial.trial_id, "--order", "ord_1", "--licence-set", "lic_bought"),
        *("--service", "calling", "--ordered-by", trade.partner_id),
    )
    code, said = await on_terminal(environment, "n\n", *convert)
    assert code == 1
    assert "Missing from the order: messaging." in said
    result = await as_json(tenure, *convert, "--yes")
    assert (result["converted"], result["remaining"]) == (["calling"], ["messaging"])
    rest = (
        "trials",
        "convert",
        trial.trial_id,
        "--order",
        "ord_2",
        "--licence-set",
        "lic_more",
        "--service",
        "messaging",
    )
    assert "messaging" in (await tenure(*rest)).stdout
    assert (await trade.trials.show(SERVICE, trial.trial_id)).state is TrialState.CONVERTED


async def test_services_and_holders_are_changed(site: Site, trade: Trade, tenure: Command, trial: TrialView) -> None:
    """Edit replaces what was there; assign gives and takes what it says, and no more (TC-07, PV-05)."""
    own = (trial.trial_id, "--by", trade.seller)
    edited = await as_json(tenure, "trials", "edit", *own, "--service", "messaging")
    assert {one["service"] for one in edited["services"] if one["state"] == "built"} == {"messaging"}
    site_needed = await tenure("trials", "edit", *own, "--service", "meetings-enterprise", code=1)
    assert "--site-url" in site_needed.stderr
    holders = "select count(*)::int from licence_assignments"
    for option, count in (("--give", 1), ("--take", 0)):
        await tenure("trials", "assign", *own, option, admin(trial.organisation_id))
        assert await site.town.value(int, holders) == count
    assert "--give" in (await tenure("trials", "assign", *own, code=2)).stderr


async def test_devices_are_listed_and_returned(site: Site, trade: Trade, tenure: Command, trial: TrialView) -> None:
    """What is out, when it is due, how it goes back, and what is overdue (DV-04 to DV-09)."""
    end = (await site.town.now() + 10 * DAY).isoformat()
    ship = ("devices", "ship", trial.trial_id, "--demo-order", "D-77", "--serial", "fch1", "--serial", "FCH2")
    printed = (await tenure(*ship, "--device-end", end)).stdout
    assert "in 24 days" in printed
    assert "DHL" in printed
    by = ("--by", trade.seller)
    refused = await tenure("devices", "label", trial.trial_id, *by, code=1)
    assert "tenure devices show" in refused.stderr
    assert (
        "tenure devices show"
        in (await tenure("devices", "returned", trial.trial_id, "--serial", "FCH9", *by, code=1)).stderr
    )
    assert "returned" in (await tenure("devices", "returned", trial.trial_id, "--serial", "fch2", *by)).stdout
    assert "1 of 2" in (await tenure("devices", "list")).stdout
    assert "Nothing is overdue" in (await tenure("devices", "list", "--overdue")).stdout
    await site.town.advance(25 * DAY)
    assert [one["overdue"] for one in await as_json(tenure, "devices", "list", "--overdue")] == [True]
    assert "overdue" in (await tenure("devices", "show", trial.trial_id)).stdout
    found = ("devices", "find-order", "--serial", "FCH1", "--serial", "FCH2")
    assert (await tenure(*found)).stdout == "D-77\n"
    assert (await tenure("devices", "find-order", code=2)).stdout == ""


async def test_what_can_be_asked_for_is_listed(trade: Trade, tenure: Command, customer: OrganisationId) -> None:
    """The catalogue is the pick list of a request, and a refusal leads there; half of a site is not left out silently (TR-04, TR-09)."""
    printed = (await tenure("trials", "catalogue")).stdout
    for said in (
        "meetings-enterprise",
        "a meetings site",
        "30 days, 60 days, 90 days",
        "professional-services",
        " DE ",
    ):
        assert said in printed
    assert (await as_json(tenure, "trials", "catalogue"))["countries"]["DE"] == "eu"
    unknown = await tenure(*request(trade, customer)[:-4], "--industry", "alchemy", "--country", "DE", code=1)
    assert "tenure trials catalogue" in unknown.stderr
    half = await tenure(*request(trade, customer, "--site-url", "acme.meet.example"), code=2)
    assert "--site-time-zone" in half.stderr
    unconfirmed = ("trials", "request", "--partner", trade.partner_id, "--by", trade.seller, "--service", "calling")
    refused = await tenure(*unconfirmed, "--email", email(customer), code=1)
    assert refused.stderr.endswith("Pass --organisation.\n")
    undescribed = await tenure(*unconfirmed, "--organisation", customer, code=1)
    assert "with --organisation, too" in undescribed.stderr


async def test_a_refusal_says_what_it_is_about(
    trade: Trade, tenure: Command, trial: TrialView, customer: OrganisationId
) -> None:
    """One service of several, a request, or a state that stands in the way is named (TR-17, TR-19, XC-05)."""
    both = (*request(trade, trial.organisation_id), "--service", "contact-center")
    assert "This is about calling." in (await tenure(*both, code=1)).stderr
    await tenure(*request(trade, customer, "--id", "trl_first"))
    assert "This is about trl_first." in (await tenure(*request(trade, customer), code=1)).stderr
    details = ("trials", "details", trial.trial_id, "--by", trade.seller)
    assert "state of this trial: active." in (await tenure(*details, code=1)).stderr
    refused = await tenure("devices", "find-order", code=2)
    assert refused.stderr.startswith("The input does not have the expected form: give an organisation")


async def test_every_code_is_listed(tenure: Command) -> None:
    """Each code with which anything can be refused is there, with its text (XC-05)."""
    listed = await as_json(tenure, "trials", "codes")
    assert {one["code"]: one["text"] for one in listed} == {code.value: code.text for code in RefusalCode}
    assert "tier2_use_distributor" in (await tenure("trials", "codes")).stdout


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("show", "org_a"), 2, "trl_"),
        (("show", "trl_none"), 1, "tenure trials list"),
        (("extend", "trl_none", "--by", "per_a", "--days", "soon"), 2, "days"),
        (("list", "--state", "asleep"), 2, "asleep"),
        (("list", "--ending", "-1"), 2, "ending"),
        (("request", "--partner", "ptr_a", "--by", "per_a", "--service", "No Key"), 2, "name of a service such as"),
        (
            ("request", "--partner", "ptr_a", "--by", "per_a", "--service", "a", "--email", "a"),
            2,
            "e-mail address such as",
        ),
        (("request", "--partner", "ptr_a", "--by", "per_a", "--service", "a", "--country", "France"), 2, "such as FR"),
        (("edit", "trl_a", "--by", "per_a", "--service", "a", "--site-url", "a"), 2, "--site-time-zone"),
        (("request", "--partner", "ptr_a", "--by", "per_a", "--service", "a", "--device", "x=0"), 2, "quantity"),
        (("convert", "trl_a", "--order", "trl_b", "--licence-set", "lic_a", "--service", "a"), 2, "OrderId"),
    ],
)
async def test_wrong_arguments_are_told(tenure: Command, arguments: tuple[str, ...], code: int, said: str) -> None:
    """What is wrong is said on standard error, and the exit code tells its kind."""
    result = await tenure("trials", *arguments, code=code)
    assert result.stdout == ""
    assert said in result.stderr
    assert "pattern" not in result.stderr
    assert "Traceback" not in result.output


async def on_terminal(environment: dict[str, str], typed: str, *arguments: str) -> tuple[int, str]:
    """Run the program at a terminal at which somebody types; answers its exit code and all that was shown."""
    ours, theirs = os.openpty()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        "from tenure.cli import main; main()",
        *arguments,
        env=environment | {"COLUMNS": "200", "TERM": "dumb"},
        stdin=theirs,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    os.close(theirs)
    os.write(ours, typed.encode())
    shown, _ = await process.communicate()
    os.close(ours)
    assert process.returncode is not None
    return process.returncode, shown.decode()
