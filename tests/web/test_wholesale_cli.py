"""Wholesale on the command line: tables, JSON, the case with its differences, and the way out of refusals."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tenure.cli.beside import differences, marked
from tenure.contracts.credential import CredentialRole
from tests.integration.deletion.town import DAY, Town
from tests.integration.wholesale.gate import ATTENDANT, SOLD, Gate, hit
from tests.web.site import Site, open_site
from tests.web.terminal import Command, as_json, terminal


@pytest.fixture
async def site(town: Town, tmp_path: Path) -> AsyncIterator[Site]:
    """A site that sells one add-on."""
    async with open_site(town, tmp_path, catalogue=SOLD) as site:
        yield site


@pytest.fixture
async def gate(site: Site) -> Gate:
    """Two service providers, and the processes of their customers."""
    return await Gate.open(site.town)


@pytest.fixture
async def tenure(site: Site, gate: Gate) -> Command:
    """Runs `tenure` as the provisioning system of `north`."""
    token = await site.token(CredentialRole.SERVICE_PROVIDER, gate.north.partner_id, "tool")
    return terminal({"TENURE_URL": site.url, "TENURE_TOKEN": token})


@pytest.fixture
async def rita(site: Site) -> Command:
    """Runs `tenure` as the reviewer."""
    return terminal({"TENURE_URL": site.url, "TENURE_TOKEN": await site.token(CredentialRole.REVIEWER, name="rita")})


async def test_a_customer_is_created_of_a_file_and_options(gate: Gate, tenure: Command, tmp_path: Path) -> None:
    """The body comes of a file, options go before it, the same again is the same customer, and what is wrong says the way out (ONB-03, ONB-07)."""
    file = tmp_path / "customer.json"
    file.write_text(gate.command(external_id="C-1", packages={"suite": 3}).model_dump_json())
    create = ("customers", "create", "--file", str(file))
    created = await as_json(tenure, *create)
    assert (created["external_id"], created["state"]) == ("C-1", "received")
    printed = (await tenure(*create)).stdout
    assert "received" in printed
    assert "suite 0 of 3" in printed
    options = (
        "--external-id",
        "C-2",
        "--name",
        "Seilbahn AG",
        "--city",
        "Bern",
        "--country",
        "CH",
        "--quantity",
        "suite=2",
    )
    second = await as_json(tenure, *create, *options)
    assert (second["name"], second["org_country"], second["billing_address"]["city"]) == ("Seilbahn AG", "CH", "Bern")
    assert "--external-id" in (await tenure(*create, "--name", "Another", code=1)).stderr
    assert (
        "tenure customers packages"
        in (await tenure(*create, "--external-id", "C-3", "--package", "gold", code=1)).stderr
    )
    assert "is no CODE=N" in (await tenure(*create, "--quantity", "suite", code=2)).stderr
    file.write_text("[]")
    assert "does not hold one JSON object" in (await tenure(*create, code=2)).stderr
    assert "partner_id: Field required" in (await tenure("customers", "create", code=2)).stderr
    listed = (await tenure("customers", "list")).stdout
    assert "C-1" in listed
    assert "Seilbahn AG" in listed
    assert "no such customers" in (await tenure("customers", "list", "--state", "error")).stdout
    table = (await tenure("customers", "packages")).stdout
    assert "Attendant Console" in table
    assert "not yet" in table


async def test_a_customer_is_administered(site: Site, gate: Gate, tenure: Command, tmp_path: Path) -> None:
    """Users, numbers, caps, address, payment and the end, each printed as it is afterwards (USR, NUM, PKG-11, RPL-17, BIL-03, PO-08)."""
    customer = await gate.active(packages={"suite": 3, "meetings": 1}, add_ons={ATTENDANT: 1})
    own = customer.organisation_id
    jo = await as_json(tenure, "users", "create", own, "--email", "jo@k.example", "--package", "suite", "--name", "Jo")
    who = (own, jo["person_id"])
    assert "Pass --package" in (await tenure("users", "create", own, "--email", "al@k.example", code=1)).stderr
    assert "customer admin" in (await tenure("users", "set-role", *who, "customer_admin")).stdout
    assert "set-role" in (await tenure("users", "change-package", *who, "meetings", code=1)).stderr
    await tenure("users", "set-role", *who, "user")
    assert "meetings" in (await tenure("users", "change-package", *who, "meetings")).stdout
    assert ATTENDANT in (await tenure("users", "assign-add-on", *who, ATTENDANT)).stdout
    assert (await as_json(tenure, "users", "remove-add-on", *who, ATTENDANT))["add_ons"] == []
    number = (own, "+4930111444")
    assert "Lobby" in (await tenure("users", "assign-number", *number, "--location", "Lobby")).stdout
    assert "is free" in (await tenure("users", "release-number", *number)).stdout
    assert "a user or to a location" in (await tenure("users", "assign-number", *number, code=2)).stderr
    billed = ("users", "billable-items", "--partner", "ptr_north", "--from", "2020-01-01T00:00:00Z", "--to")
    assert jo["person_id"] in (await tenure(*billed, "2040-01-01T00:00:00Z")).stdout
    assert "Nothing is billed" in (await tenure(*billed, "2020-01-02T00:00:00Z")).stdout
    assert "suite 1 of 9" in (await tenure("customers", "set-quantities", own, "suite=9")).stdout
    items = tmp_path / "items.json"
    items.write_text(
        json.dumps(
            {"users": [{"email": "jo@k.example", "package": "suite"}, {"email": "new@k.example", "package": "suite"}]}
        )
    )
    run = await tenure("customers", "run-provisioning", own, "--file", str(items), code=1)
    assert "created" in run.stdout
    assert "failed" in run.stdout
    assert "nothing left" in (await tenure("customers", "run-provisioning", own)).stdout
    assert "is gone" in (await tenure("users", "delete", *who)).stdout
    assert "tenure users list" in (await tenure("users", "delete", *who, code=1)).stderr
    assert "new@k.example" in (await tenure("users", "list", own)).stdout
    moved = (
        await tenure("customers", "update-address", own, "--line", "Rue 1", "--city", "Paris", "--country", "FR")
    ).stdout
    assert "address screening" in moved
    assert "Hauptstr. 1" in moved
    assert "unpaid. suspended" in (await tenure("customers", "set-payment-state", own, "unpaid")).stdout
    assert "--yes" in (await tenure("customers", "cancel-subscription", own, code=2)).stderr
    await tenure("customers", "cancel-subscription", own, "--yes")
    assert (await as_json(tenure, "customers", "show", own))["state"] == "cancelled"
    assert "tenure customers list" in (await tenure("customers", "show", "org_none", code=1)).stderr


async def test_a_case_is_shown_with_its_differences(site: Site, gate: Gate, tenure: Command, rita: Command) -> None:
    """Deadline, age and slowness; customer beside entry with what differs; and one decision (RPL-13, RPL-14, RPL-15)."""
    found = hit(name="Meyer Shipping GmbH", listed_name="MAIER SHIPPING", country="differs", countries=("SY",))
    _, case = await gate.held(found, name="Meyer Shipping GmbH", omitted=3)
    listed = (await rita("reviews", "list")).stdout
    assert case.case_id in listed
    assert "in 3 days" in listed
    assert "slow" not in listed
    [waiting] = await as_json(tenure, "customers", "list")
    assert waiting["review"]["deadline_at"] == case.deadline_at.isoformat().replace("+00:00", "Z")
    assert "until" in (await tenure("customers", "list")).stdout
    await site.town.advance(DAY / 12)
    assert "2 hours, slow" in (await rita("reviews", "list", "--older-than", "60")).stdout
    shown = (await rita("reviews", "show", case.case_id)).stdout
    assert "in 3 days" in shown
    assert "Meyer / MAIER; only the customer: GmbH" in shown
    assert "SY" in shown
    assert "3 more entries" in shown
    decide = ("reviews", "decide", case.case_id)
    assert "TENURE_TOKEN" in (await tenure(*decide, "approve", "--reason", "x", code=1)).stderr
    assert "approved, decided by reviewer:rita" in (await rita(*decide, "approve", "--reason", "Another one")).stdout
    assert "tenure reviews show" in (await rita(*decide, "reject", "--reason", "x", code=1)).stderr
    assert "Nothing waits" in (await rita("reviews", "list")).stdout
    assert [one["state"] for one in await as_json(rita, "reviews", "list", "--all")] == ["approved"]
    assert "match" in (await rita("reviews", "screenings", case.organisation_id)).stdout
    assert "case_" in (await rita("reviews", "show", "org_a", code=2)).stderr


async def test_the_wizard_says_what_is_next(site: Site, gate: Gate) -> None:
    """Each step names the next command (WIZ-02, WIZ-04)."""
    customer = await gate.active()
    whose = (customer.organisation_id, "--person", await gate.admin(customer.organisation_id))
    token = await site.token(CredentialRole.SERVICE, name="console")
    tenure = terminal({"TENURE_URL": site.url, "TENURE_TOKEN": token})
    assert "accept-terms" in (await tenure("wizard", "launch", *whose)).stdout
    assert "tenure wizard launch" in (await tenure("wizard", "get-started", *whose, code=1)).stderr
    wizard = await as_json(tenure, "wizard", "launch", *whose)
    accepted = await tenure("wizard", "accept-terms", *whose, "--version", wizard["terms_version"])
    assert "get-started" in accepted.stdout
    assert "tenure wizard complete" in (await tenure("wizard", "get-started", *whose)).stdout
    assert "complete" in (await tenure("wizard", "complete", *whose)).stdout


@pytest.mark.parametrize(
    ("ours", "theirs", "said", "letters"),
    [
        ("Meyer Shipping", "SHIPPING MAIER", "Meyer / MAIER", "ey"),
        ("Acme", "acme", "the same words", ""),
        ("Ivan Petrov Ltd", "Petrov Ivan", "only the customer: Ltd", "Ltd"),
        ("Orion", "Banco Nacional", "only the customer: Orion; only the entry: Banco Nacional", "Orion"),
        ("", "Banco", "only the entry: Banco", ""),
    ],
)
def test_differences_are_marked_and_said(ours: str, theirs: str, said: str, letters: str) -> None:
    """Words are compared in any order, case aside: letters that differ are marked, and said for those without colour (RPL-05)."""
    assert differences(ours, theirs) == said
    text = marked(ours, theirs)
    assert text.plain == ours
    assert "".join(text.plain[span.start : span.end] for span in text.spans) == letters
