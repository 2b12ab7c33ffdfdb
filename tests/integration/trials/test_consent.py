"""The customer decides about a trial: who is mailed, who may answer, and what an acceptance does (CO)."""

from datetime import timedelta

import pytest

from tenure.contracts.consent import AcceptTrial
from tenure.contracts.notice import NoticeKind
from tenure.contracts.organisation import Role
from tenure.contracts.trial import ConsentState, ServiceState, TrialState
from tenure.errors import RefusalCode
from tenure.ids import PersonId, TrialId
from tenure.ports import Caller
from tests.integration.deletion.town import DAY, SERVICE, Town, admin
from tests.integration.trials.market import Market, address

REQUEST = NoticeKind.CONSENT_REQUEST


async def test_a_request_waits(town: Town, market: Market) -> None:
    """Sent, it is pending for ten days from now, with one process and its mail; nothing is managed or built yet (CO-01, CO-06, CO-16, Q-14)."""
    acme = await market.customer()
    before = await town.now()
    trial = await market.ask(acme, "messaging")
    assert (trial.state, trial.consent, trial.access, trial.contact) == (
        TrialState.PENDING_CONSENT,
        ConsentState.PENDING,
        None,
        None,
    )
    assert trial.consent_deadline_at == trial.requested_at + 10 * DAY
    assert timedelta(0) <= trial.requested_at - before < timedelta(seconds=5)
    assert await market.access(market.north, acme) is None
    assert list(await town.processes(acme)) == [f"trial-consent/{trial.trial_id}/1"]
    assert [(date.kind, date.rule, date.due_at) for date in await town.next_dates(acme)] == [
        ("consent_deadline", "CO-06", trial.consent_deadline_at)
    ]
    step = await market.look_at_consent(trial)
    assert (step.state, step.deadline_at, len(step.notices)) == (ConsentState.PENDING, trial.consent_deadline_at, 1)


async def test_typed_full_admin_alone_is_mailed(market: Market) -> None:
    """The full admin whose address was typed, in whatever case, and none of the others (CO-02, Q-13, SF-08)."""
    acme = await market.customer(admins=3)
    await market.ask(acme, admin_email=address(acme, 2).upper())
    assert await market.queued(acme) == {(REQUEST, admin(acme, 2))}


async def test_others_are_mailed_with_all_full_admins(town: Town, market: Market) -> None:
    """A lesser admin or a user once, with every full admin; nobody twice, and no lesser admin whose address was not typed (CO-03)."""
    acme = await market.customer(admins=2)
    clerk = await market.lesser_admin(acme)
    await market.person("user", acme, Role.USER)
    email = await town.value(str, "select email from people where person_id = $1", clerk)
    trial = await market.ask(acme, admin_email=email.upper())
    assert await market.queued(acme) == {(REQUEST, person) for person in (clerk, admin(acme), admin(acme, 2))}
    assert trial.consent is ConsentState.PENDING


async def test_a_strangers_address_is_mailed_with_all_full_admins(market: Market) -> None:
    """One that nobody there has gets the mail as it was typed, and so does every full admin (CO-03)."""
    acme = await market.customer(admins=2)
    trial = await market.ask(acme, admin_email="Eve@Stranger.example")
    assert await market.queued(acme) == {(REQUEST, person) for person in (trial.trial_id, admin(acme), admin(acme, 2))}
    sent = {delivery.notice.recipient: delivery.email for delivery in await market.post(acme)}
    assert sent[trial.trial_id] == "Eve@Stranger.example"
    assert sent[admin(acme)] == address(acme)


async def test_contacts_of_record_are_full_admins(town: Town, market: Market) -> None:
    """Who decided before the last grace ended is asked, and decides (Q-01, CO-02, CO-05)."""
    acme = await market.customer(admins=1)
    await town.execute("update person_roles set role = 'contact_of_record' where person_id = $1", admin(acme))
    trial = await market.ask(acme)
    assert await market.queued(acme) == {(REQUEST, admin(acme))}
    assert (await market.accept(trial)).consent is ConsentState.ACCEPTED


async def test_only_full_admins_of_the_moment_answer(town: Town, market: Market) -> None:
    """Not the typed stranger, a lesser admin, a user, the partner's people, another organisation's full admin, nor one who was a full admin before (CO-05)."""
    acme, other = await market.customer(), await market.customer()
    clerk = await market.lesser_admin(acme)
    user = await market.person("user", acme, Role.USER)
    email = await town.value(str, "select email from people where person_id = $1", clerk)
    trial = await market.ask(acme, admin_email=email)
    await market.loses_its_roles(admin(acme, 2))
    nobody = {
        clerk,
        user,
        admin(other),
        admin(acme, 2),
        PersonId("per_nobody"),
        *market.north.everybody,
        *market.south.everybody,
    }
    for person in sorted(nobody):
        assert not await town.consents.may_decide(trial.trial_id, person)
        assert await market.refused(market.accept(trial, person)) is RefusalCode.CONSENT_NEEDS_FULL_ADMIN
        assert await market.refused(market.decline(trial, person)) is RefusalCode.CONSENT_NEEDS_FULL_ADMIN
        shown = town.consents.pending(SERVICE, acme, person)
        assert await market.refused(shown) is RefusalCode.CONSENT_NEEDS_FULL_ADMIN
    partner = Caller(actor="partner:ptr_north", partner_id=market.north.partner_id, person_id=market.north.head)
    assert await market.refused(town.consents.pending(partner, acme, admin(acme))) is RefusalCode.FORBIDDEN


async def test_every_full_admin_is_shown_the_request(town: Town, market: Market) -> None:
    """Mailed or not, and promoted since or not, until it is answered; looking changes nothing (CO-07, CS-01, Q-13, SF-09).

    What its partner may do at other customers is not shown, and makes no further request of it (P14).
    """
    for _ in range(2):
        await market.manage(market.north, await market.customer())
    acme = await market.customer(admins=2)
    trial = await market.ask(acme, "messaging", "calling")
    clerk = await market.lesser_admin(acme)
    await town.execute("insert into person_roles values ($1, 'customer_full_admin')", clerk)
    for person in (admin(acme), admin(acme, 2), clerk):
        before = await market.facts()
        [shown] = await town.consents.pending(SERVICE, acme, person)
        assert shown == await town.consents.request(trial.trial_id, person)
        assert await market.facts() == before
        assert (shown.partner_name, [each.service for each in shown.services]) == (
            "North Telecom",
            ["messaging", "calling"],
        )
        assert (shown.deadline_at, shown.access) == (trial.consent_deadline_at, None)
    await market.accept(trial, clerk)
    assert await town.consents.pending(SERVICE, acme, clerk) == []


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize(("tick", "access"), [(False, "provisioning"), (True, "full")])
async def test_one_full_admin_is_enough(town: Town, market: Market, number: int, tick: bool, access: str) -> None:
    """Any one accepts, and says by the tick what the partner may do; details are awaited, and the customer is in the list (CO-04, CO-08 to CO-10, CO-16, RO-03)."""
    acme = await market.customer(admins=2)
    asked = await market.ask(acme)
    trial = await market.accept(asked, admin(acme, number), tick=tick)
    assert (trial.state, trial.consent, trial.access) == (TrialState.AWAITING_DETAILS, ConsentState.ACCEPTED, access)
    assert await market.access(market.north, acme) == access
    assert trial.contact is not None
    [row] = await town.fetch("select actor, at from audit where action = 'consent_accepted'")
    [request] = await town.fetch("select decided_by, decided_at from trial_requests")
    assert (row["actor"], request["decided_by"]) == (SERVICE.actor, admin(acme, number))
    assert row["at"] == request["decided_at"]
    assert (await market.look_at_consent(trial)).state is ConsentState.ACCEPTED
    processes = await town.processes(acme)
    assert processes == {f"trial-consent/{trial.trial_id}/1": "closed", f"trial/{trial.trial_id}/1": "pending"}
    assert await town.next_dates(acme) == []


async def test_a_second_acceptance(town: Town, market: Market) -> None:
    """Whoever accepts again changes nothing, and raises no access (CO-18)."""
    acme = await market.customer(admins=2)
    trial = await market.ask(acme)
    first = await market.accept(trial)
    once = await market.facts()
    assert await market.accept(trial, admin(acme, 2), tick=True) == first
    assert await market.facts() == once
    await market.detail(trial)
    await market.run(trial.trial_id)
    once = await market.facts()
    assert (await market.accept(trial, tick=True)).state is TrialState.ACTIVE
    assert await market.facts() == once


async def test_access_that_the_customer_gave_otherwise(town: Town, market: Market) -> None:
    """An acceptance without the tick takes nothing away that the customer has granted meanwhile (RO-02, CO-09)."""
    acme = await market.customer()
    trial = await market.ask(acme)
    await market.manage(market.north, acme, "full")
    assert (await market.accept(trial)).access == "full"


async def test_services_drop_out_at_acceptance(town: Town, market: Market) -> None:
    """What was bought, or accepted from another partner, meanwhile drops out with its code, and the rest goes on (CO-17)."""
    acme = await market.customer()
    trial = await market.ask(acme, "messaging", "calling", "contact-center")
    await market.buy(acme, "messaging")
    other = await market.ask(acme, "calling", side=market.south)
    await market.accept(other)
    accepted = await market.accept(trial)
    states = {each.service: each.state for each in accepted.services}
    assert states == {
        "messaging": ServiceState.GONE,
        "calling": ServiceState.GONE,
        "contact-center": ServiceState.ORDERED,
    }
    dropped = {"messaging": RefusalCode.SERVICE_ALREADY_OWNED, "calling": RefusalCode.SERVICE_ON_TRIAL_ELSEWHERE}
    [row] = await town.fetch(
        "select details from audit where action = 'consent_accepted' and details ->> 'trial_id' = $1", trial.trial_id
    )
    assert row["details"]["dropped"] == dropped
    await market.detail(trial)
    assert [order.service for order in (await market.look(trial.trial_id)).orders] == ["contact-center"]
    await market.run(trial.trial_id)
    assert (await market.licences((await market.show(trial.trial_id)).licence_set_id))["services"] == ["contact-center"]


async def test_nothing_is_left_to_accept(town: Town, market: Market) -> None:
    """Then acceptance is refused with that code, the request waits on, and can be declined or lapse (CO-17)."""
    acme = await market.customer()
    trial = await market.ask(acme, "calling")
    await market.buy(acme, "calling")
    assert await market.refused(market.accept(trial)) is RefusalCode.SERVICE_ALREADY_OWNED
    assert (await market.show(trial.trial_id)).consent is ConsentState.PENDING
    await market.decline(trial)
    assert (await market.show(trial.trial_id)).consent is ConsentState.DECLINED


async def test_trials_that_need_no_consent(town: Town, market: Market) -> None:
    """There is nothing to accept, decline or mail again where nobody was asked, nor where there is no trial (CO-05, 18.1)."""
    trial = await market.trial()
    person = await town.value(
        str, "select person_id from full_admins where organisation_id = $1", trial.organisation_id
    )
    for unknown in (trial, trial.model_copy(update={"trial_id": TrialId("trl_nowhere")})):
        assert await market.refused(market.accept(unknown, PersonId(person))) is RefusalCode.TRIAL_NOT_FOUND
        assert await market.refused(market.decline(unknown, PersonId(person))) is RefusalCode.TRIAL_NOT_FOUND
        assert await market.refused(town.consents.request(unknown.trial_id)) is RefusalCode.TRIAL_NOT_FOUND
    assert await market.refused(market.resend(trial)) is RefusalCode.NOT_PENDING


async def test_an_answer_comes_again(town: Town, market: Market) -> None:
    """The same answer under the same key is given once; another under that key is refused (P10)."""
    acme = await market.customer()
    trial = await market.ask(acme)
    keyed = SERVICE.model_copy(update={"key": "answer"})
    command = AcceptTrial(trial_id=trial.trial_id, person_id=admin(acme))
    first = await town.consents.accept(keyed, command)
    once = await market.facts()
    assert await town.consents.accept(keyed, command) == first
    assert await market.facts() == once
    other = command.model_copy(update={"full_administration": True})
    assert await market.refused(town.consents.accept(keyed, other)) is RefusalCode.IDEMPOTENCY_KEY_REUSED
