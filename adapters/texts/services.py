"""Services by their names in a language."""

from collections.abc import Iterator, Sequence

from babel import Locale
from babel.core import get_global, parse_locale
from babel.lists import format_list

from adapters.texts.languages import Language
from tenure.contracts.catalogue import Service


def service_name(service: Service, language: Language) -> str:
    """The name in this language and script, else the one that stands for all."""
    return next((service.names[tag] for tag in _tags(language.locale) if tag in service.names), service.name)


def listed(services: Sequence[Service], language: Language) -> str:
    """The names as a list of this language, such as "Meetings and Calling"."""
    return format_list([service_name(service, language) for service in services], locale=language.locale)


def _tags(locale: Locale) -> Iterator[str]:
    """The tags that a name could have, the closest first; none of another script."""
    yield str(locale).replace("_", "-")
    if locale.script is not None:
        yield f"{locale.language}-{locale.script}"
    if locale.script in (None, _script(locale.language)):
        yield locale.language


def _script(language: str) -> str | None:
    """The script that a language is written in where nothing is said."""
    return parse_locale(get_global("likely_subtags").get(language, language))[2]
