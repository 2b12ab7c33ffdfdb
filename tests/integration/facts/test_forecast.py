"""What happens next, answered from facts alone: explanations and the calendar (WH-01, WH-02)."""

import pytest

from adapters.postgres.forecast import PostgresForecast
from adapters.postgres.organisations import PostgresOrganisations
from tenure.contracts.organisation import OrganisationState
from tenure.errors import Refusal, RefusalCode
from tenure.ids import OrganisationId, PartnerId
from tests.integration.deletion.town import DAY, OPERATOR, Town
from tests.integration.facts.desk import Desk, as_partner, end


@pytest.fixture
def forecast(town: Town) -> PostgresForecast:
    """Where questions are answered."""
    return PostgresForecast(town.database, town.rules)


async def test_quiet_life(town: Town, desk: Desk, forecast: PostgresForecast) -> None:
    """An organisation with licences and nothing pending is live, and nothing has to stop anything (WH-01)."""
    organisation_id = await town.organisation()
    await desk.grant(organisation_id)
    explanation = await forecast.explain(OPERATOR, organisation_id)
    assert (explanation.state, explanation.next, explanation.would_stop_it) == (OrganisationState.LIVE, (), ())
    assert explanation.sentences == (
        "The organisation is live: it holds 1 licence set and manages 0 customers.",
        "No activity is known.",
    )
    assert explanation.simulation


async def test_grace(town: Town, desk: Desk, forecast: PostgresForecast) -> None:
    """Resting licences say when they go, and what brings them back before (WH-01, RP-05, RP-03)."""
    licences = await desk.suspended(await town.organisation())
    await town.advance(10 * DAY)
    explanation = await forecast.explain(OPERATOR, licences.organisation_id)
    [date] = explanation.next
    assert (date.due_at, date.rule) == (end(licences), "RP-05")
    assert "(in 50 days) (RP-05)" in explanation.sentences[-1]
    [remedy] = explanation.would_stop_it
    assert remedy.startswith("A paid subscription before ")
    assert licences.licence_set_id in remedy


async def test_countdown(town: Town, forecast: PostgresForecast) -> None:
    """A marked and a warned organisation say what comes, when, by which rule, and all that stops it; the date is the one of the mail (WH-01, SF-01)."""
    organisation_id = await town.organisation(time_zone="Asia/Seoul")
    await town.mark(organisation_id)
    marked = await forecast.explain(OPERATOR, organisation_id)
    assert [date.kind for date in marked.next] == ["deletion_warning"]
    assert marked.sentences[-1].endswith("(DM-05).")
    assert "KST (in 30 days)" in marked.sentences[-1]
    assert {"(DP-01).", "(DP-02).", "(AC-02).", "(DM-02)."} == {
        each.rpartition(" ")[2] for each in marked.would_stop_it
    }
    await town.advance(town.rules.silence)
    await town.deliver(*(await town.warn(organisation_id)).notices)
    await town.assess(organisation_id)
    warned = await forecast.explain(OPERATOR, organisation_id)
    [date] = warned.next
    assert warned.evidence.promise is not None
    assert (date.kind, date.due_at) == ("deletion", warned.evidence.promise.not_before)
    assert "00:00 KST" in warned.sentences[-1]


async def test_activity_moves_what_is_shown(town: Town, forecast: PostgresForecast) -> None:
    """The warning's date is told from the newest activity at once, though the sleeping process will find out only when it looks (WH-01, AC-02, PS-07)."""
    partner_id = await town.partner()
    organisation_id = await town.organisation(managed_by=partner_id)
    await town.mark(organisation_id)
    [looks] = (await forecast.explain(OPERATOR, organisation_id)).next
    await town.advance(20 * DAY)
    at = await town.now()
    await town.execute("update activity set last_activity_at = $2 where organisation_id = $1", organisation_id, at)
    [date] = (await forecast.explain(OPERATOR, organisation_id)).next
    assert (date.due_at, date.looks_at) == (at + town.rules.silence, looks.due_at)
    [entry] = (await forecast.calendar(as_partner(partner_id), None)).dates
    assert entry.due_at == date.due_at
    listed = await PostgresOrganisations(town.database, town.rules).page(
        as_partner(partner_id), to_be_deleted=True, after=None, limit=10
    )
    assert [each.next_due_at for each in listed.organisations] == [date.due_at]


async def test_hold(town: Town, forecast: PostgresForecast) -> None:
    """A countdown that is due and held says by what, and when it is looked at again (WH-01, SF-03)."""
    organisation_id = await town.organisation()
    await town.mark(organisation_id)
    await town.advance(town.rules.silence, feeds=False)
    await town.assess(organisation_id)
    explanation = await forecast.explain(OPERATOR, organisation_id)
    assert "identity" in explanation.sentences[-1]
    assert "SF-03" in explanation.sentences[-1]


async def test_quarantine(town: Town, forecast: PostgresForecast) -> None:
    """In quarantine operators read when the purge is and that they can abort; a partner is told that the organisation is deleted (WH-01, SF-11)."""
    partner_id = await town.partner()
    organisation_id = await town.fenced(await town.organisation(managed_by=partner_id))
    explanation = await forecast.explain(OPERATOR, organisation_id)
    assert [date.kind for date in explanation.next] == ["purge"]
    [remedy] = explanation.would_stop_it
    assert remedy.startswith("An operator ")
    with pytest.raises(Refusal) as refused:
        await forecast.explain(as_partner(partner_id), organisation_id)
    assert refused.value.code is RefusalCode.ORG_DELETED


async def test_calendar(town: Town, desk: Desk, forecast: PostgresForecast) -> None:
    """A partner's calendar has the expiry, removal, warning and deletion dates of its customers, earliest first, and of no others (WH-02, DP-07, P14)."""
    partner_id, stranger = await town.partner(), await town.partner()
    warned = await town.warned(await town.organisation(managed_by=partner_id))
    await town.assess(warned)
    marked, buying, resting, gone, other = [await town.organisation(managed_by=partner_id) for _ in range(4)] + [
        await town.organisation()
    ]
    await town.mark(marked, other)
    await desk.grant(buying, expires_at=await town.now() + 300 * DAY)
    await desk.suspended(resting)
    await town.mark(gone)
    await town.execute("update organisations set state = 'erasing', marked_at = null where organisation_id = $1", gone)
    entries = (await forecast.calendar(as_partner(partner_id), None)).dates
    assert {entry.organisation_id: entry.kind.value for entry in entries} == {
        warned: "deletion",
        marked: "deletion_warning",
        resting: "licence_removal",
        buying: "licence_expiry",
    }
    assert [entry.due_at for entry in entries] == sorted(entry.due_at for entry in entries)
    assert {entry.partner_id for entry in entries} == {partner_id}
    assert (await forecast.calendar(OPERATOR, partner_id)).dates == entries
    assert {entry.organisation_id for entry in (await forecast.calendar(OPERATOR, None)).dates} == {
        other,
        *(entry.organisation_id for entry in entries),
    }
    assert (await forecast.calendar(as_partner(stranger), None)).dates == ()
    for caller, asked, code in (
        (as_partner(stranger), partner_id, RefusalCode.FORBIDDEN),
        (OPERATOR, PartnerId("ptr_unknown"), RefusalCode.PARTNER_NOT_FOUND),
    ):
        with pytest.raises(Refusal) as refused:
            await forecast.calendar(caller, asked)
        assert refused.value.code is code


async def test_the_calendar_is_paged(town: Town, forecast: PostgresForecast) -> None:
    """Page by page each date comes once, whatever the pages' length and whatever moves meanwhile; those of one instant have an order, and a window keeps what falls due before its end (WH-02)."""
    customer = await town.organisation()
    await town.execute(
        "insert into next_dates (organisation_id, kind, subject, due_at, rule, reason)"
        " select $1, 'number_release', 'trl_t' || n, date_trunc('day', business_now()) + interval '1 day' * (n / 3),"
        "        'NR-01', 'calling_ended' from generate_series(0, 8) as n",
        customer,
    )
    order = [f"trl_t{number}" for number in range(9)]
    for limit in (1, 2, 4, 9, 10):
        assert await read(forecast, limit) == order
    assert await read(forecast, 2, within_days=1) == order[:6]
    first = await forecast.calendar(OPERATOR, None, limit=2)
    await town.execute("update next_dates set due_at = due_at + interval '1 month' where subject = 'trl_t1'")
    rest = await forecast.calendar(OPERATOR, None, after=first.next_after)
    assert [date.subject for date in rest.dates] == [*order[2:], "trl_t1"]


async def read(forecast: PostgresForecast, limit: int, within_days: int | None = None) -> list[str]:
    """The subjects that an operator finds who reads all pages."""
    found: list[str] = []
    after = None
    while True:
        page = await forecast.calendar(OPERATOR, None, within_days=within_days, after=after, limit=limit)
        assert 1 <= len(page.dates) <= limit
        found += [date.subject for date in page.dates]
        after = page.next_after
        if after is None:
            return found


async def test_strangers_get_no_explanation(town: Town, forecast: PostgresForecast) -> None:
    """What a partner does not manage does not exist for it (PS-06, P14)."""
    organisation_id = await town.organisation()
    for caller, asked in (
        (as_partner(await town.partner()), organisation_id),
        (OPERATOR, OrganisationId("org_unknown")),
    ):
        with pytest.raises(Refusal) as refused:
            await forecast.explain(caller, asked)
        assert refused.value.code is RefusalCode.ORGANISATION_NOT_FOUND
