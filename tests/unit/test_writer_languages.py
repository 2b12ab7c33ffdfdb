"""The languages of the mails: each catalogue complete and in step with the templates, each mail in one language."""

# ruff: noqa: RUF001 - sentences in the scripts of their languages

import re
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog

from adapters.mail.writer import TemplateWriter
from adapters.texts import languages, translations
from adapters.texts.languages import available, language
from adapters.texts.services import listed, service_name
from tenure.contracts.catalogue import Service
from tenure.contracts.notice import NoticeKind
from tests.deliveries import ATTEMPT, DAY, delivery, some_delivery, trial_delivery

write = TemplateWriter().write


@pytest.fixture(scope="module")
def template() -> Catalog:
    return translations.extracted()


@pytest.fixture
def copied_catalogues(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The catalogues in a folder that a test may change."""
    folder = tmp_path / "locale"
    shutil.copytree(languages.FOLDER, folder)
    monkeypatch.setattr(languages, "FOLDER", folder)
    return folder


def test_the_languages_of_the_requirement_are_there() -> None:
    """English, Polish, Korean, French, Italian and Serbian, the last in both its scripts (TL-02)."""
    assert available() == ["fr", "it", "ko", "pl", "sr", "sr_Latn"]
    assert language("en").locale.language == "en"


@pytest.mark.parametrize("name", available())
def test_a_catalogue_is_complete(name: str, template: Catalog) -> None:
    """Every message is translated, with every plural form and the same variables, and without markup (TL-02)."""
    catalogue = translations.read(name)
    assert translations.missing(catalogue, template) == []
    for message in catalogue:
        if message.id:
            assert list(message.check(catalogue)) == []
            assert re.search(r"[<>&]", str(message.string)) is None


def test_the_catalogues_are_in_step_with_the_templates(
    copied_catalogues: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The translators' tool finds nothing to do: nobody changed a template and forgot the catalogues (TL-02)."""
    before = {path: path.read_bytes() for path in copied_catalogues.rglob("*.po")}
    monkeypatch.setattr("sys.argv", ["translations"])
    assert translations.main() == 0
    assert {path: path.read_bytes() for path in copied_catalogues.rglob("*.po")} == before
    assert capsys.readouterr().out.splitlines() == [f"{name}: complete" for name in available()]


def test_a_language_is_begun_with_one_command(
    copied_catalogues: Path, template: Catalog, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A new catalogue holds every message to translate, a locale that does not exist begins none (TL-02)."""
    monkeypatch.setattr("sys.argv", ["translations", "--add", "de"])
    assert translations.main() == 0
    assert f"de: {len(template)} to translate" in capsys.readouterr().out
    monkeypatch.setattr("sys.argv", ["translations", "--add", "xx"])
    with pytest.raises(SystemExit):
        translations.main()
    assert not (copied_catalogues / "xx").exists()


def test_texts_are_found_in_every_folder_that_there_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Mails and pages share a catalogue; a folder of templates that an installation lacks is no error (TL-02)."""
    (tmp_path / "mails").mkdir()
    (tmp_path / "mails/one.j2").write_text('{{ _("Of a mail") }}')
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages/two.html").write_text("{% trans %}Of a page,\n  in two lines{% endtrans %}")
    monkeypatch.setattr(translations, "ROOT", tmp_path)
    monkeypatch.setattr(translations, "TEMPLATES", (tmp_path / "mails", tmp_path / "none", tmp_path / "pages"))
    found = {str(message.id): message.locations for message in translations.extracted() if message.id}
    assert found == {"Of a mail": [("mails/one.j2", 1)], "Of a page, in two lines": [("pages/two.html", 1)]}


def of_mails(template: Catalog) -> list[str]:
    """What the templates of the mails say, in English."""
    return [
        message.id if isinstance(message.id, str) else message.id[0]
        for message in template
        if message.id and any(place.startswith("adapters/mail/") for place, _ in message.locations)
    ]


@pytest.mark.parametrize("simulation", [False, True])
@pytest.mark.parametrize("kind", NoticeKind)
@pytest.mark.parametrize("name", available())
def test_a_mail_is_in_one_language(name: str, kind: NoticeKind, simulation: bool, template: Catalog) -> None:
    """No English sentence, no month of another language and no unfilled variable is left in a translated mail (TL-02)."""
    mail = write(some_delivery(kind, language=name, simulation=simulation, organisation_name="X", name="Y"))
    everything = mail.subject + mail.text + re.sub(r"<style>.*?</style>", "", mail.html, flags=re.DOTALL)
    catalogue = translations.read(name)
    for english in of_mails(template):
        fixed = max(re.split(r"%\(\w+\)s", english), key=len).strip()
        translated = catalogue.get(english)
        assert translated is not None
        assert fixed not in everything or fixed in str(translated.string), fixed
    assert re.search(r"(Novem|Decem)ber|Meetings|Calling", everything) is None
    assert re.search(r"%\(|{{|None|Undefined", everything) is None
    assert mail.language == name.replace("_", "-")
    assert f'<html lang="{mail.language}">' in mail.html


DAYS_LEFT = {
    "en": {
        -1: "0 full days are left.",
        0: "0 full days are left.",
        1: "One full day is left.",
        2: "2 full days are left.",
    },
    "pl": {
        1: "Pozostał jeden pełny dzień.",
        3: "Pozostały 3 pełne dni.",
        12: "Pozostało 12 pełnych dni.",
        22: "Pozostały 22 pełne dni.",
        30: "Pozostało 30 pełnych dni.",
    },
    "sr-Latn": {21: "Preostao je 21 ceo dan.", 23: "Preostala su 23 cela dana.", 30: "Preostalo je 30 celih dana."},
    "fr": {0: "Il reste 0 jour entier.", 1: "Il reste 1 jour entier.", 2: "Il reste 2 jours entiers."},
    "ko": {1: "만 1일이 남았습니다.", 30: "만 30일이 남았습니다."},
}


@pytest.mark.parametrize(("tag", "days"), [(tag, days) for tag, lines in DAYS_LEFT.items() for days in lines])
def test_numbers_take_their_plural(tag: str, days: int) -> None:
    """The days that are left are counted in the plural forms of each language (TL-02)."""
    deletion_at = ATTEMPT + timedelta(days=days, hours=5)
    mail = write(delivery(language=tag, deletion_at=deletion_at))
    assert DAYS_LEFT[tag][days] in mail.text.splitlines()
    assert DAYS_LEFT[tag][days] in mail.html


@pytest.mark.parametrize(
    ("tag", "written_in", "month"),
    [
        ("pl", "pl", "grudnia"),
        ("PL-pl", "pl-PL", "grudnia"),
        ("fr_CA", "fr-CA", "décembre"),
        ("sr", "sr", "децембра"),
        ("sr-Cyrl", "sr-Cyrl", "децембра"),
        ("sr-Latn-RS", "sr-Latn-RS", "decembra"),
        ("sr-ME", "sr-Latn-ME", "decembra"),
        ("en-GB", "en-GB", "4 December 2026"),
        ("en-US", "en-US", "December 4, 2026"),
        ("de", "en", "4 December 2026"),
        ("zh-Hant-TW", "en", "4 December 2026"),
        ("xx", "en", "4 December 2026"),
        ("", "en", "4 December 2026"),
        ("../../../etc/passwd", "en", "4 December 2026"),
        ("p" * 5000, "en", "4 December 2026"),
    ],
)
def test_the_language_follows_the_recipient(tag: str, written_in: str, month: str) -> None:
    """A tag finds its catalogue by language and script; what has none is written in English throughout (TL-02)."""
    mail = write(delivery(language=tag))
    assert mail.language == written_in
    assert month in mail.subject


TRIAL_DAYS_LEFT = {
    "en": {0: "That is today.", 1: "One day is left.", 2: "2 days are left."},
    "fr": {0: "C’est aujourd’hui.", 1: "Il reste 1 jour.", 2: "Il reste 2 jours."},
    "it": {0: "È oggi.", 1: "Rimane un giorno.", 5: "Rimangono 5 giorni."},
    "pl": {
        0: "To już dziś.",
        1: "Pozostał jeden dzień.",
        2: "Pozostały 2 dni.",
        5: "Pozostało 5 dni.",
        22: "Pozostały 22 dni.",
    },
    "sr": {
        0: "То је данас.",
        1: "Преостао је 1 дан.",
        2: "Преостала су 2 дана.",
        5: "Преостало је 5 дана.",
        22: "Преостала су 22 дана.",
    },
    "sr-Latn": {21: "Preostao je 21 dan.", 22: "Preostala su 22 dana.", 30: "Preostalo je 30 dana."},
    "ko": {0: "바로 오늘입니다.", 1: "1일이 남았습니다.", 5: "5일이 남았습니다.", 22: "22일이 남았습니다."},
}


@pytest.mark.parametrize(("tag", "days"), [(tag, days) for tag, lines in TRIAL_DAYS_LEFT.items() for days in lines])
def test_the_days_of_a_trial_take_their_plural(tag: str, days: int) -> None:
    """The days until the end of a trial are those of the calendar, in the plural forms of each language (TL-02, NO-01)."""
    mail = write(trial_delivery(NoticeKind.TRIAL_ENDING, language=tag, ends_at=ATTEMPT + days * DAY, ending=()))
    assert TRIAL_DAYS_LEFT[tag][days] in mail.text.splitlines()
    assert TRIAL_DAYS_LEFT[tag][days] in mail.html


@pytest.mark.parametrize(
    ("tag", "devices", "said"),
    [
        ("pl", 1, "jedno urządzenie"),
        ("pl", 3, "3 urządzenia"),
        ("pl", 12, "12 urządzeń"),
        ("sr-Latn", 21, "21 uređaj za"),
        ("fr", 1, "1 appareil a été"),
        ("it", 2, "2 dispositivi"),
        ("ko", 2, "장치 2대"),
    ],
)
def test_devices_are_counted_in_their_plural(tag: str, devices: int, said: str) -> None:
    """The number of trial devices takes the plural form of each language (TL-02, DV-02)."""
    assert said in write(trial_delivery(NoticeKind.DEVICE_AGREEMENT, language=tag, devices=devices)).text


@pytest.mark.parametrize(
    ("tag", "name"),
    [
        ("en", "Meetings"),
        ("en-GB", "Meetings"),
        ("fr", "Réunions"),
        ("fr-CA", "Rencontres"),
        ("sr", "Састанци"),
        ("sr-Cyrl-BA", "Састанци"),
        ("sr-Latn", "Meetings"),
        ("ko", "Meetings"),
    ],
)
def test_a_service_has_a_name_in_its_reader_s_language_and_script(tag: str, name: str) -> None:
    """The closest name of the catalogue is taken; where only another script has one, the name for all (TL-02, Q-25)."""
    names = {"fr": "Réunions", "fr-CA": "Rencontres", "sr": "Састанци"}
    assert service_name(Service(key="meetings", name="Meetings", names=names), language(tag)) == name


@pytest.mark.parametrize(
    ("tag", "said"),
    [("en", "A, B and C"), ("en-GB", "A, B and C"), ("pl", "A, B i C"), ("ko", "A, B 및 C"), ("sr-Latn", "A, B i C")],
)
def test_services_are_listed_as_the_language_does(tag: str, said: str) -> None:
    """Several services are joined by the rules of the mail's language; none make an empty list (TL-02)."""
    services = [Service(key=name.lower(), name=name) for name in "ABC"]
    assert listed(services, language(tag)) == said
    assert listed([], language(tag)) == ""
