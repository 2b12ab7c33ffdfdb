"""Finding organisations by what people type of their names."""

from typing import Final

IS_NAMED: Final = "position(folded(trim({}::text)) in o.folded_name) > 0"
"""That the name of the organisation `o` contains what was typed, whatever its case and accents."""
