"""The restricted-party lists of a development stack: those that lie among the examples, so that it can screen."""

from contextlib import ExitStack
from pathlib import Path
from typing import Final

from tenure.contracts.screening import ListId
from tenure.errors import Refusal
from tenure.ports import Caller, ListFile, ScreeningLists
from workers.stack.server import Report

_FOLDER: Final = Path(__file__).parents[2] / "examples" / "lists"
EXAMPLES: Final = {
    ListId.US_DPL: ("dpl.txt",),
    ListId.US_SDN: ("sdn.csv", "add.csv", "alt.csv", "sdn_comments.csv"),
    ListId.UN: ("UN_consolidated.xml",),
}
"""The files of each list that is required where nothing else is said."""


async def load_examples(lists: ScreeningLists, caller: Caller, report: Report) -> None:
    """Load what was never loaded, and confirm what has become stale; a list that somebody else has loaded stays."""
    known = {each.list_id: each for each in await lists.all()}
    for list_id, names in EXAMPLES.items():
        if list_id in known and not known[list_id].stale:
            continue
        try:
            with ExitStack() as opened:
                files = [ListFile(name, opened.enter_context((_FOLDER / name).open("rb"))) for name in names]
                update = await lists.update(caller, files)
        except Refusal as refusal:
            report(f"The list {list_id} stays as it is. {refusal}")
        else:
            report(f"The list {list_id} has {update.screening_list.entries} entries: an example, not for use.")
