"""Finding organisations by what people type of their names."""

from typing import Final

_FOLDED: Final = "regexp_replace(normalize(lower({}), NFD), '[\\u0300-\\u036f]', '', 'g')"


def is_named(column: str, parameter: str) -> str:
    """SQL that says whether a name contains what was typed, whatever its case and accents; null asks for nothing."""
    folded = f"position({_FOLDED.format(f'trim({parameter}::text)')} in {_FOLDED.format(column)}) > 0"
    return f"({parameter}::text is null or {folded})"
