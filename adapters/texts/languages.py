"""The languages of the mails: a gettext catalogue each, under `locale/`, compiled when it is first used.

English is what the templates are written in and needs no catalogue. `python -m adapters.texts.translations` keeps the
others in step with the templates.
"""

from dataclasses import dataclass
from functools import cache, lru_cache
from io import BytesIO
from pathlib import Path

from babel import Locale, UnknownLocaleError
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

DOMAIN = "tenure"
FOLDER = Path(__file__).with_name("locale")
ENGLISH = Locale("en", "001")
"""Of readers anywhere, whose region is not known: "4 December 2026" can be misread by nobody."""


@dataclass(frozen=True)
class Language:
    """A language that mails can be written in."""

    tag: str
    """BCP 47, for `lang` and `Content-Language`."""
    locale: Locale
    """Formats dates; more specific than the catalogue where the region is known."""
    translations: NullTranslations


def catalogue_path(name: str) -> Path:
    """Where the catalogue of a locale such as `pl` or `sr_Latn` lies."""
    return FOLDER / name / "LC_MESSAGES" / f"{DOMAIN}.po"


def available() -> list[str]:
    """The locales that have a catalogue."""
    return sorted(path.parent.parent.name for path in FOLDER.glob(f"*/LC_MESSAGES/{DOMAIN}.po"))


@lru_cache(maxsize=512)
def language(tag: str) -> Language:
    """The language for a recipient's tag such as `pl`, `fr-CA` or `sr-Latn`; English where there is no catalogue."""
    locale = _parsed(tag)
    if locale is not None:
        for name in (f"{locale.language}_{locale.script}", locale.language):
            if name in available():
                return Language(str(locale).replace("_", "-"), locale, _translations(name))
    if locale is None or locale.language != "en" or locale.territory is None:
        return Language("en", ENGLISH, NullTranslations())
    return Language(str(locale).replace("_", "-"), locale, NullTranslations())


def _parsed(tag: str) -> Locale | None:
    try:
        return Locale.parse(tag.replace("_", "-"), sep="-")
    except (ValueError, UnknownLocaleError):
        return None


@cache
def _translations(name: str) -> NullTranslations:
    with catalogue_path(name).open("rb") as source:
        catalogue = read_po(source, locale=name, domain=DOMAIN, abort_invalid=True)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Translations(compiled, domain=DOMAIN)
