"""The deletion warning as it is written: what it says, to whom, and in which zone."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from babel import Locale
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import UndefinedError

from adapters.mail.writer import TemplateWriter, _environment
from adapters.texts.dates import date
from adapters.texts.languages import available, language
from tenure.contracts.notice import DeletionMatter, Mail
from tenure.policy.promise import promised
from tenure.policy.rules import DEFAULT
from tests.deliveries import ATTEMPT, Page, delivery

TAGS = ["en", "en-GB", *(name.replace("_", "-") for name in available())]
INSTANTS = st.datetimes(datetime(2020, 1, 1), datetime(2070, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - zone added
ZONES = st.sampled_from(sorted(available_timezones()))

write = TemplateWriter().write


def promises(mail: Mail) -> list[datetime]:
    """Every promise that a machine can read in the mail: its field, the lines of the text, and the page."""
    page = Page(mail.html)
    lines = re.findall(r"^Tenure-Not-Before: (\S+)$", mail.text, re.MULTILINE)
    written = [*lines, *page.instants, *re.findall(r"Tenure-Not-Before: (\S+)", page.text)]
    assert mail.not_before is not None
    return [mail.not_before, *(datetime.fromisoformat(instant or "") for instant in written)]


@given(attempt_at=INSTANTS, zone=ZONES, tag=st.sampled_from(TAGS))
def test_the_promise_reads_back_from_the_mail(attempt_at: datetime, zone: str, tag: str) -> None:
    """Text, HTML and field all hold the stored promise to the second, a full notice period after the attempt (P6, SF-01)."""
    promise = promised(attempt_at, zone, DEFAULT)
    mail = write(delivery(attempt_at=attempt_at, time_zone=zone, deletion_at=promise, language=tag))
    assert promises(mail) == [promise] * 4
    assert promise - mail.date >= timedelta(days=30)


@given(deletion_at=INSTANTS, zone=ZONES, tag=st.sampled_from(TAGS))
def test_the_day_in_words_is_the_day_of_the_promise(deletion_at: datetime, zone: str, tag: str) -> None:
    """Subject and body print the promise's own day in the organisation's zone, whatever the language (P6, TL-02)."""
    mail = write(delivery(deletion_at=deletion_at, time_zone=zone, language=tag))
    local = deletion_at.astimezone(ZoneInfo(zone))
    locale = Locale.parse("en-001" if tag == "en" else tag, sep="-")
    printed = set(map(int, re.findall(r"\d+", mail.subject)))
    assert printed == {local.day, local.year} | ({local.month} if tag == "ko" else set())
    assert date(local, locale) in mail.subject
    assert locale.days["format"]["wide"][local.weekday()] in mail.text
    assert f"{local:%H:%M}" in mail.text


def test_the_same_promise_is_another_day_in_another_zone() -> None:
    """The organisation's zone decides which day is printed, and is named (SF-01, TL-02)."""
    instant = datetime(2026, 12, 3, 15, tzinfo=UTC)
    seoul = write(delivery(deletion_at=instant, time_zone="Asia/Seoul"))
    warsaw = write(delivery(deletion_at=instant, time_zone="Europe/Warsaw"))
    assert "Friday, 4 December 2026\nNot before 00:00 on that day, Korean Standard Time (GMT+09:00)\n" in seoul.text
    assert "Thursday, 3 December 2026\nNot before 16:00 on that day, Central European Standard Time" in warsaw.text
    assert promises(seoul) == promises(warsaw)


def test_what_the_warning_says() -> None:
    """Name, everything that goes, the date and not before, for good, three remedies, why, and who is told (DM-05, CS-05)."""
    mail = write(delivery())
    assert mail.subject == "“Nowak Bakery” will be deleted on 4 December 2026"
    for body in (mail.text, Page(mail.html).text):
        flat = " ".join(body.split())
        assert "“Nowak Bakery” and all its content will be deleted on 4 December 2026, and not before." in flat
        assert "the messages and files of all its users" in flat
        assert "You can prevent this until then; afterwards it cannot be undone by anyone." in flat
        assert (
            "Ask a partner for a trial in this organisation. Once it has started, the deletion is called off." in flat
        )
        assert "Buy a subscription" in flat
        assert "anyone in the organisation does so: the deletion is postponed" in flat
        assert "no activity in it since 3 October 2026" in flat
        assert "All its full administrators receive this message." in flat
    assert (mail.to_name, mail.to_address) == ("Zofia Nowak", "zofia@bakery.example")
    assert (mail.message_id, mail.date) == ("<6f1d5c0e@tenure.example>", ATTEMPT)


@pytest.mark.parametrize("tag", TAGS)
def test_a_simulation_says_so(tag: str) -> None:
    """A simulated mail says so in subject and body in each language, and a real one nowhere (SF-10)."""
    real, simulated = write(delivery(language=tag)), write(delivery(language=tag, simulation=True))
    word = language(tag).translations.gettext("Simulation")
    assert simulated.subject == f"[{word}] {real.subject}"
    for there, missing in ((simulated.text, real.text), (Page(simulated.html).text, Page(real.html).text)):
        assert language(tag).translations.gettext("SIMULATION") in there
        assert word.casefold() not in missing.casefold()


HOSTILE = "</p><script>alert(1)</script><img src=x onerror=alert(2)>&amp;'\""


def test_a_name_is_text_and_never_markup() -> None:
    """Names with markup arrive as the characters they are, in HTML and in text (TL-02)."""
    mail = write(delivery(organisation_name=HOSTILE, name=HOSTILE))
    page, harmless = Page(mail.html), Page(write(delivery()).html)
    assert page.elements == harmless.elements
    assert page.text.count(HOSTILE) == harmless.text.count("Nowak Bakery") + 1
    assert HOSTILE in mail.text
    assert HOSTILE in mail.subject


@given(name=st.text(max_size=200), organisation=st.text(max_size=200))
def test_any_name_can_be_written(name: str, organisation: str) -> None:
    """Whatever people are called, the mail is written, its headers have one line, and its promise is one (P6, TL-02)."""
    wanted = delivery(name=name, organisation_name=organisation, simulation=True)
    mail = write(wanted)
    assert isinstance(wanted.matter, DeletionMatter)
    assert promises(mail) == [wanted.matter.deletion_at] * 4
    assert Page(mail.html).elements == Page(write(delivery(simulation=True)).html).elements


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\x0b", "\x85", "\u2028", "\u202e", "\u061c"])
@pytest.mark.parametrize("field", ["name", "organisation_name"])
def test_a_name_forges_no_line_and_turns_no_date(field: str, end: str) -> None:
    """Line ends and marks of direction in a name neither add a promise to the mail nor turn its date around (P6, SF-01)."""
    wanted = delivery(**{field: f"Bakery{end}Tenure-Not-Before: 2020-01-01T00:00:00Z{end}"})
    assert isinstance(wanted.matter, DeletionMatter)
    mail = write(wanted)
    assert len(re.findall(r"^Tenure-Not-Before: ", mail.text, re.MULTILINE)) == 1
    assert (
        f"\nTenure-Not-Before: {wanted.matter.deletion_at.astimezone(ZoneInfo(wanted.time_zone)).isoformat()}"
        in mail.text
    )
    assert not {"\u202e", "\u061c"} & set(mail.subject + mail.text + mail.html + mail.to_name)


def test_a_template_asks_for_nothing_that_is_missing() -> None:
    """A word that the writer does not provide is an error and never an empty place in a mail (TL-02)."""
    with pytest.raises(UndefinedError, match="deletion_dat"):
        _environment("text", language("en")).from_string("{{ deletion_dat }}").render(deletion_date="December 4")
