"""Translators' tool: brings every catalogue in step with the templates, or begins one for a new language.

    python -m adapters.texts.translations              # after a template changed
    python -m adapters.texts.translations --add de     # a new language

Then translate what is empty or marked `fuzzy` in `adapters/texts/locale/<language>/LC_MESSAGES/tenure.po`, by hand or
with any gettext editor; remove the `fuzzy` marks and keep every `%(name)s`. Nothing has to be compiled or registered:
the catalogue is used from the next start on, and a test checks that it is complete.
"""

import argparse
import sys
from pathlib import Path

from babel import Locale, UnknownLocaleError
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from adapters.texts import languages

ROOT = Path(__file__).parents[2]
TEMPLATES = (ROOT / "adapters/mail/templates", ROOT / "web/customer/templates")
"""Where texts for people are: those of the mails, and of the pages that the mails lead to."""

_HEADER = r"""# Texts of Tenure: see adapters/texts/translations.py.
msgid ""
msgstr ""
"Language: {language}\n"
"Plural-Forms: {plural_forms}\n"
"MIME-Version: 1.0\n"
"Content-Type: text/plain; charset=utf-8\n"
"Content-Transfer-Encoding: 8bit\n"

"""
"""What gettext needs and no more: a header with dates and names would change at every run."""


def extracted() -> Catalog:
    """Every message of the templates."""
    catalogue = Catalog(domain=languages.DOMAIN)
    for folder in filter(Path.is_dir, TEMPLATES):
        found = extract_from_dir(
            folder,
            method_map=[("**.j2", "jinja2.ext:babel_extract"), ("**.html", "jinja2.ext:babel_extract")],
            options_map={"**": {"trimmed": "true", "newstyle_gettext": "true", "silent": "false"}},
            comment_tags=("translators:",),
            strip_comment_tags=True,
        )
        for path, line, message, comments, context in sorted(found, key=lambda entry: entry[:2]):
            place = f"{folder.relative_to(ROOT)}/{path}"
            catalogue.add(message, locations=[(place, line)], auto_comments=comments, context=context)
    return catalogue


def read(name: str) -> Catalog:
    """The catalogue of a locale."""
    with languages.catalogue_path(name).open("rb") as source:
        return read_po(source, locale=name, domain=languages.DOMAIN, abort_invalid=True)


def write(name: str, catalogue: Catalog) -> None:
    """Store the catalogue of a locale."""
    path = languages.catalogue_path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as target:
        target.write(_HEADER.format(language=name, plural_forms=catalogue.plural_forms).encode())
        write_po(target, catalogue, width=120, include_lineno=False, ignore_obsolete=True, omit_header=True)


def missing(catalogue: Catalog, template: Catalog) -> list[Message]:
    """The messages of the template that the catalogue does not translate in full."""
    return [message for message in template if message.id and not _translated(catalogue, message)]


def _translated(catalogue: Catalog, message: Message) -> bool:
    entry = catalogue.get(message.id)
    if entry is None or entry.fuzzy or not entry.string:
        return False
    if not message.pluralizable:
        return True
    return len(entry.string) == catalogue.num_plurals and all(entry.string)


def main() -> int:
    """Update the catalogues, and say what is left to translate."""
    parser = argparse.ArgumentParser(prog="python -m adapters.texts.translations")
    parser.add_argument("--add", metavar="LANGUAGE", help="begin a catalogue, such as de or zh_Hant")
    added = parser.parse_args().add
    if added is not None and added not in languages.available():
        try:
            write(added, Catalog(Locale.parse(added), domain=languages.DOMAIN))
        except (ValueError, UnknownLocaleError) as error:
            parser.error(str(error))
    template = extracted()
    for name in languages.available():
        catalogue = read(name)
        catalogue.update(template)
        write(name, catalogue)
        left = len(missing(catalogue, template))
        sys.stdout.write(f"{name}: {f'{left} to translate' if left else 'complete'}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
