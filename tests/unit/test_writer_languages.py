"""The languages of the mails: each catalogue complete and in step with the templates, each mail in one language."""

import re
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog

from adapters.mail import catalogues, languages
from adapters.mail.writer import TEMPLATES, TemplateWriter
from adapters.texts.languages import available, language
from tests.deliveries import ATTEMPT, delivery

write = TemplateWriter().write


@pytest.fixture(scope="module")
def template() -> Catalog:
    return catalogues.extracted()


@pytest.fixture
def copied_catalogues(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The catalogues in a folder that a test may change."""
    folder = tmp_path / "locale"
    shutil.copytree(languages.FOLDER, folder)
    monkeypatch.setattr(languages, "FOLDER", folder)
    return folder


def sentences(*parts: str) -> set[str]:
    """The messages of the templates whose name ends so."""
    messages = [message for message in catalogues.extracted() if message.id]
    return {str(message.id) for message in messages if any(place.endswith(parts) for place, _ in message.locations)}


def test_the_languages_of_the_requirement_are_there() -> None:
    """English, Polish, Korean, French, Italian and Serbian, the last in both its scripts (TL-02)."""
    assert available() == ["fr", "it", "ko", "pl", "sr", "sr_Latn"]
    assert language("en").locale.language == "en"


@pytest.mark.parametrize("name", available())
def test_a_catalogue_is_complete(name: str, template: Catalog) -> None:
    """Every message is translated, with every plural form and the same variables, and without markup (TL-02)."""
    catalogue = catalogues.read(name)
    assert catalogues.missing(catalogue, template) == []
    for message in catalogue:
        if message.id:
            assert list(message.check(catalogue)) == []
            assert re.search(r"[<>&]", str(message.string)) is None


def test_the_catalogues_are_in_step_with_the_templates(
    copied_catalogues: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The translators' tool finds nothing to do: nobody changed a template and forgot the catalogues (TL-02)."""
    before = {path: path.read_bytes() for path in copied_catalogues.rglob("*.po")}
    monkeypatch.setattr("sys.argv", ["catalogues"])
    assert catalogues.main() == 0
    assert {path: path.read_bytes() for path in copied_catalogues.rglob("*.po")} == before
    assert capsys.readouterr().out.splitlines() == [f"{name}: complete" for name in available()]


def test_a_language_is_begun_with_one_command(
    copied_catalogues: Path, template: Catalog, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A new catalogue holds every message to translate, a locale that does not exist begins none (TL-02)."""
    monkeypatch.setattr("sys.argv", ["catalogues", "--add", "de"])
    assert catalogues.main() == 0
    assert f"de: {len(template)} to translate" in capsys.readouterr().out
    monkeypatch.setattr("sys.argv", ["catalogues", "--add", "xx"])
    with pytest.raises(SystemExit):
        catalogues.main()
    assert not (copied_catalogues / "xx").exists()


def test_text_and_html_say_the_same() -> None:
    """Every sentence of the text is in the HTML and the other way round (TL-02)."""
    only_in_text = sentences(".txt.j2") - sentences(".html.j2")
    assert sentences(".html.j2") <= sentences(".txt.j2")
    assert only_in_text == {"Simulation", "“%(organisation)s” will be deleted on %(deletion_date)s"}
    assert len(list(TEMPLATES.glob("*.txt.j2"))) == len(list(TEMPLATES.glob("*.html.j2")))


@pytest.mark.parametrize("simulation", [False, True])
@pytest.mark.parametrize("name", available())
def test_a_mail_is_in_one_language(name: str, simulation: bool, template: Catalog) -> None:
    """No English sentence, no month of another language and no unfilled variable is left in a translated mail (TL-02)."""
    mail = write(delivery(language=name, simulation=simulation, organisation_name="X", name="Y"))
    everything = mail.subject + mail.text + re.sub(r"<style>.*?</style>", "", mail.html)
    for message in template:
        if message.id:
            english = message.id if isinstance(message.id, str) else message.id[0]
            fixed = max(re.split(r"%\(\w+\)s", english), key=len).strip()
            translated = catalogues.read(name).get(message.id)
            assert translated is not None
            assert fixed not in everything or fixed in str(translated.string), fixed
    assert "December" not in everything
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
        ("sr", "sr", "децембар"),
        ("sr-Cyrl", "sr-Cyrl", "децембар"),
        ("sr-Latn-RS", "sr-Latn-RS", "decembar"),
        ("sr-ME", "sr-Latn-ME", "decembar"),
        ("en-GB", "en-GB", "4 December 2026"),
        ("en-US", "en-US", "December 4, 2026"),
        ("de", "en", "December 4, 2026"),
        ("zh-Hant-TW", "en", "December 4, 2026"),
        ("xx", "en", "December 4, 2026"),
        ("", "en", "December 4, 2026"),
        ("../../../etc/passwd", "en", "December 4, 2026"),
        ("p" * 5000, "en", "December 4, 2026"),
    ],
)
def test_the_language_follows_the_recipient(tag: str, written_in: str, month: str) -> None:
    """A tag finds its catalogue by language and script; what has none is written in English throughout (TL-02)."""
    mail = write(delivery(language=tag))
    assert mail.language == written_in
    assert month in mail.subject
