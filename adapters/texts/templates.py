"""How texts for people are rendered: templates in one language, in which no variable may be missing."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from adapters.texts.languages import Language


def environment(
    written_in: Language, *folders: Path, autoescape: bool = True, keep_trailing_newline: bool = False
) -> Environment:
    """Templates of these folders, the first that has one counting, with the translations of a language (TL-02)."""
    made = Environment(
        loader=FileSystemLoader(folders),
        autoescape=autoescape,  # noqa: S701 - subjects and texts of mails are no markup
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=keep_trailing_newline,
        extensions=["jinja2.ext.i18n"],
    )
    made.policies["ext.i18n.trimmed"] = True
    made.install_gettext_translations(written_in.translations, newstyle=True)  # type: ignore[attr-defined]
    return made
