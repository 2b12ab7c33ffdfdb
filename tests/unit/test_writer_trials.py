"""Mails about trials, every kind in every language: text and page agree, and what a name or a link cannot do."""

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from babel import Locale
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import UndefinedError

from adapters.mail.writer import TemplateWriter
from adapters.texts.languages import available, language
from tenure.contracts.catalogue import Service
from tenure.contracts.notice import EndingTrial, NoticeKind
from tenure.contracts.trial import TrialContact
from tenure.errors import Misconfigured
from tests.deliveries import ATTEMPT, CONSENT_PAGE, DAY, Page, some_delivery, trial_delivery

TAGS = ["en", "en-GB", *(name.replace("_", "-") for name in available())]
TRIAL_KINDS = [kind for kind in NoticeKind if kind is not NoticeKind.DELETION_WARNING]
LINKED = {
    NoticeKind.CONSENT_REQUEST,
    NoticeKind.WELCOME,
    NoticeKind.TRIAL_STARTED,
    NoticeKind.TRIAL_ENDING,
    NoticeKind.TRIAL_EXPIRED,
    NoticeKind.SET_UP_SERVICES,
}
THE_DATE = {
    NoticeKind.CONSENT_REQUEST: ATTEMPT + 10 * DAY,
    NoticeKind.WELCOME: ATTEMPT + 7 * DAY,
    NoticeKind.TRIAL_STARTED: ATTEMPT + 7 * DAY,
    NoticeKind.TRIAL_ENDING: ATTEMPT + 7 * DAY,
    NoticeKind.TRIAL_ENDING_PARTNER: ATTEMPT + 7 * DAY,
    NoticeKind.TRIAL_EXPIRED: ATTEMPT + 30 * DAY,
    NoticeKind.TRIAL_EXPIRED_PARTNER: ATTEMPT + 30 * DAY,
    NoticeKind.DEVICE_AGREEMENT: ATTEMPT + 21 * DAY,
}
"""The date that each kind puts in front: the deadline, the end, the end of grace, or when devices are due."""

write = TemplateWriter().write


@pytest.mark.parametrize("simulation", [False, True])
@pytest.mark.parametrize("tag", TAGS)
@pytest.mark.parametrize("kind", NoticeKind)
def test_text_and_page_say_the_same(kind: NoticeKind, tag: str, simulation: bool) -> None:
    """Word for word, but for the address of the link, which the page has in its button (TL-02)."""
    mail = write(some_delivery(kind, language=tag, simulation=simulation))
    marks = {"***", "--", "-", "1.", "2.", "3.", CONSENT_PAGE}
    said = [word for line in mail.text.splitlines() for word in line.split() if word not in marks]
    page = Page(re.sub(r"<(title|style)>.*?</\1>|<br>", " ", mail.html, flags=re.DOTALL))
    assert [word for word in page.text.split() if word not in marks] == said
    assert mail.subject not in {"", mail.text}


@pytest.mark.parametrize("tag", TAGS)
@pytest.mark.parametrize("kind", TRIAL_KINDS)
def test_the_link_is_there_once(kind: NoticeKind, tag: str) -> None:
    """On a line of its own in the text, where programs make it a link, and as the button of the page (NO-03, TC-16)."""
    link = "https://tenure.example/consent/token?a=1&b=2#buy"
    mail = write(trial_delivery(kind, language=tag, link=link))
    there = [link] if kind in LINKED else []
    assert [line for line in mail.text.splitlines() if "://" in line] == there
    assert Page(mail.html).links == there


@pytest.mark.parametrize("tag", TAGS)
@pytest.mark.parametrize("kind", TRIAL_KINDS)
def test_the_date_reads_back(kind: NoticeKind, tag: str) -> None:
    """The date that matters is on the page for machines, and in words with month, time and zone (CO-06, NO-01, DV-02)."""
    mail = write(trial_delivery(kind, language=tag))
    there = [THE_DATE[kind]] if kind in THE_DATE else []
    assert [datetime.fromisoformat(instant or "") for instant in Page(mail.html).instants] == there
    for instant in there:
        local = instant.astimezone(ZoneInfo("Europe/Warsaw"))
        locale = Locale.parse(tag, sep="-")
        assert re.search(rf"\b{local.day}\b.*\b{local.year}|{local.year}.*\b{local.day}일", mail.text)
        assert locale.months["format"]["wide"][local.month] in mail.text
        assert locale.days["format"]["wide"][local.weekday()] in mail.text
        assert f"{local:%H:%M}" in mail.text
        assert "+01:00" in mail.text
    assert mail.not_before is None
    assert "Tenure-Not-Before" not in mail.text + mail.html


def test_the_zone_of_the_organisation_decides_the_day() -> None:
    """The same end is another day, and another number of days away, in another zone (Q-27)."""
    ends_at = datetime.fromisoformat("2026-11-10T22:30:00Z")
    seoul = write(trial_delivery(NoticeKind.TRIAL_ENDING, ends_at=ends_at, time_zone="Asia/Seoul"))
    warsaw = write(trial_delivery(NoticeKind.TRIAL_ENDING, ends_at=ends_at, time_zone="Europe/Warsaw"))
    assert "Wednesday, 11 November 2026\nAt 07:30 on that day, Korean Standard Time (GMT+09:00)\n8 days" in seoul.text
    assert "Tuesday, 10 November 2026\nAt 23:30 on that day, Central European Standard Time" in warsaw.text
    assert "7 days are left." in warsaw.text


@given(
    waited=st.timedeltas(timedelta(0), DAY),
    left=st.timedeltas(timedelta(0), 90 * DAY),
    zone=st.sampled_from(["UTC", "Asia/Seoul", "US/Pacific"]),
)
def test_days_are_counted_by_the_calendar(waited: timedelta, left: timedelta, zone: str) -> None:
    """What is printed as days left leads from the organisation's today to the printed day (NO-01, Q-27)."""
    now = ATTEMPT + waited
    wanted = {"attempt_at": now, "ends_at": now + left, "time_zone": zone}
    mail = write(trial_delivery(NoticeKind.TRIAL_ENDING, **wanted))
    (printed,) = Page(mail.html).instants
    days = re.search(r"^(That is today|One|\d+)(?: days?.*left)?\.$", mail.text, re.MULTILINE)
    assert days is not None
    counted = {"That is today": 0, "One": 1}.get(days[1]) if not days[1].isdigit() else int(days[1])
    today = now.astimezone(ZoneInfo(zone)).date()
    assert datetime.fromisoformat(printed or "").date() - today == timedelta(days=counted or 0)


@pytest.mark.parametrize("tag", TAGS)
@pytest.mark.parametrize("kind", TRIAL_KINDS)
def test_a_simulation_says_so(kind: NoticeKind, tag: str) -> None:
    """A simulated mail of any kind says so in subject and body, in each language (SF-10)."""
    real, simulated = (write(trial_delivery(kind, language=tag, simulation=simulation)) for simulation in (False, True))
    gettext = language(tag).translations.gettext
    assert simulated.subject == f"[{gettext('Simulation')}] {real.subject}"
    assert gettext("SIMULATION") in simulated.text
    assert gettext("SIMULATION") in simulated.html


@pytest.mark.parametrize(("tag", "greeting"), [("en", "Hello,"), ("pl", "Dzień dobry!"), ("ko", "안녕하세요.")])
def test_an_address_without_a_name_is_greeted_without_one(tag: str, greeting: str) -> None:
    """Whoever the typed address belongs to is greeted all the same (CO-03)."""
    mail = write(trial_delivery(NoticeKind.CONSENT_REQUEST, language=tag, name=""))
    assert mail.text.splitlines()[0] == greeting
    assert mail.to_name == ""


HOSTILE = "</p><script>alert(1)</script><img src=x onerror=alert(2)>&amp;'\""


@pytest.mark.parametrize("kind", TRIAL_KINDS)
def test_a_name_is_text_and_never_markup(kind: NoticeKind) -> None:
    """Names of people, organisations, partners and services with markup arrive as the characters they are (TL-02)."""
    service = Service(key="calling", name=HOSTILE)
    named = {"name": HOSTILE, "organisation_name": HOSTILE, "partner_name": HOSTILE, "services": (service,)}
    contact = TrialContact(name=HOSTILE, email="ada@customer.example")
    ending = (
        EndingTrial(
            organisation_name=HOSTILE,
            services=(service,),
            ends_at=ATTEMPT,
            grace_ends_at=ATTEMPT + DAY,
            contact=contact,
        ),
    )
    mail = write(trial_delivery(kind, **named, ending=ending))
    plain = write(trial_delivery(kind, services=(Service(key="calling", name="A"),), ending=ending))
    page = Page(mail.html)
    assert {"script", "img"}.isdisjoint(page.elements)
    assert page.elements == Page(plain.html).elements
    assert HOSTILE in page.text
    assert HOSTILE in mail.text
    assert HOSTILE in mail.subject


@given(
    kind=st.sampled_from(TRIAL_KINDS),
    names=st.tuples(*[st.text(max_size=120)] * 4),
    end=st.sampled_from(["\n", "\r\n", "\r", "\x0b", "\x85", "\u2028", "\u202e"]),
)
def test_any_name_keeps_to_its_line(kind: NoticeKind, names: tuple[str, str, str, str], end: str) -> None:
    """Whatever anybody is called, a mail has the lines, the elements and the one link of its kind (TL-02)."""
    forged = [f"A{name}{end}https://evil.example/" for name in names]
    named = {"name": forged[0], "organisation_name": forged[1], "partner_name": forged[2]}
    ends = {"services": (), "ends_at": ATTEMPT + 2 * DAY, "grace_ends_at": ATTEMPT + 32 * DAY}
    ending, harmless = (
        (EndingTrial(organisation_name=name, contact=TrialContact(name=name, email="a@b.example"), **ends),)
        for name in (forged[3], "A")
    )
    mail, plain = write(trial_delivery(kind, **named, ending=ending)), write(trial_delivery(kind, ending=harmless))
    assert len(mail.text.splitlines()) == len(plain.text.splitlines())
    assert not any(line.startswith("https://evil") for line in mail.text.splitlines())
    assert Page(mail.html).elements == Page(plain.html).elements
    assert Page(mail.html).links == Page(plain.html).links
    assert "\u202e" not in mail.subject + mail.text + mail.html + mail.to_name


@pytest.mark.parametrize("kind", TRIAL_KINDS)
def test_a_long_name_leaves_the_subject_short(kind: NoticeKind) -> None:
    """What a mail is about is not pushed out of sight by a name; in the mail the name is whole (TL-02)."""
    long = " ".join(["Zjednoczone"] * 16)
    mail = write(trial_delivery(kind, organisation_name=long, partner_name=long))
    assert max(map(len, re.findall("“(.*?)”", mail.subject)), default=64) == 64
    assert f"“{long}”" in mail.text


@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "//tenure.example",
        "/consent",
        "https://a b",
        "https://a/\nhttps://b",
        "",
    ],
)
def test_a_link_that_is_none_is_not_mailed(link: str) -> None:
    """Only web addresses on one line become links: a wrong setting is an error, not a broken mail (TL-02, SF-09)."""
    with pytest.raises(Misconfigured):
        write(trial_delivery(NoticeKind.CONSENT_REQUEST, link=link))


@pytest.mark.parametrize(
    ("kind", "lacking"),
    [
        (NoticeKind.CONSENT_REQUEST, "deadline_at"),
        (NoticeKind.CONSENT_REQUEST, "link"),
        (NoticeKind.WELCOME, "link"),
        (NoticeKind.TRIAL_ENDING, "link"),
        (NoticeKind.TRIAL_ENDING, "ends_at"),
        (NoticeKind.TRIAL_ENDING, "grace_ends_at"),
        (NoticeKind.TRIAL_EXPIRED, "link"),
        (NoticeKind.TRIAL_EXPIRED, "grace_ends_at"),
        (NoticeKind.TRIAL_ENDING_PARTNER, "ends_at"),
        (NoticeKind.TRIAL_EXPIRED_PARTNER, "grace_ends_at"),
        (NoticeKind.SET_UP_SERVICES, "link"),
        (NoticeKind.DEVICE_AGREEMENT, "device_ends_at"),
        (NoticeKind.DEVICE_AGREEMENT, "devices_due_at"),
    ],
)
def test_a_mail_that_would_lack_its_date_or_link_is_none(kind: NoticeKind, lacking: str) -> None:
    """A fact that a kind needs and that is not given is an error, and never an empty place in a mail (TL-02)."""
    with pytest.raises(UndefinedError):
        write(trial_delivery(kind, **{lacking: None}))
