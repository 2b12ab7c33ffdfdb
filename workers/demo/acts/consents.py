"""What customers answer: on the page that their mail links to, as a browser would, or in their own admin console."""

import re
from html.parser import HTMLParser
from typing import Final, override

import httpx

from tenure.contracts.base import Instant
from tenure.contracts.consent import AcceptTrial
from tenure.contracts.organisation import GrantFullAccess
from tenure.ids import PartnerId, PersonId, TrialId
from workers.demo.acts import Act
from workers.demo.acts.trials import customer
from workers.demo.world import World

_LINK: Final = re.compile(r"https?://\S+/consent/\S+")


class _Form(HTMLParser):
    """The fields of a page's form, with the values that they send."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.fields: set[tuple[str, str]] = set()
        self.feed(page)

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in {"input", "button"}:
            self.fields.add((given.get("name") or "", given.get("value") or ""))


def answer(trial: str, address: str, decision: str, *, ticked: bool = False) -> Act:
    """Somebody opens the link of the newest mail to an address, and presses a button where the page has one."""
    wanted = {"decision": decision} | ({"full_administration": "true"} if ticked else {})

    async def act(world: World, now: Instant) -> None:
        link = next(found[0] for mail in reversed(world.mails_to(address)) if (found := _LINK.search(mail.text)))
        async with httpx.AsyncClient(follow_redirects=True) as browser:
            page = await browser.get(link)
            fields = _Form(page.text).fields
            if fields >= wanted.items():
                page = await browser.post(link, data=wanted, headers={"Sec-Fetch-Site": "same-origin"})
        pressed = f"{decision}, {page.status_code}" if fields >= wanted.items() else f"{page.status_code}, no button"
        world.note(now, customer(trial), "page", f"{address}: {pressed}")

    return act


def accept(trial: str, person: str, *, ticked: bool = False) -> Act:
    """A full admin finds the request in the admin console, mailed or not (CO-07)."""
    person_id = PersonId(f"per_{person}")

    async def act(world: World, now: Instant) -> None:
        pending = await world.service.trials.pending(customer(trial), person_id)
        shown = " ".join(request.trial_id for request in pending) or "nothing"
        world.note(now, customer(trial), "console", f"{person_id}: asked for {shown}")
        command = AcceptTrial(trial_id=TrialId(f"trl_{trial}"), person_id=person_id, full_administration=ticked)
        await world.attempt(now, customer(trial), f"accept {command.trial_id}", world.service.trials.accept(command))

    return act


def full_access(name: str, partner: str, person: str) -> Act:
    """Somebody of the customer lets a partner administer everything (RO-02)."""

    async def act(world: World, now: Instant) -> None:
        command = GrantFullAccess(
            organisation_id=customer(name), partner_id=PartnerId(f"ptr_{partner}"), person_id=PersonId(f"per_{person}")
        )
        call = world.service.managements.grant_full_access(command)
        await world.attempt(now, command.organisation_id, "grant full access", call)

    return act
