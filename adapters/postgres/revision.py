"""What a revision of the schema does: it runs the SQL beside it, and is never undone."""

from collections.abc import Callable
from pathlib import Path

from alembic import op


def sql_beside(file: str) -> Callable[[], None]:
    """The upgrade of the revision in this file: its SQL, run by the driver itself, which reads no placeholders into it."""

    def upgrade() -> None:
        driver = op.get_bind().connection.driver_connection
        assert driver is not None
        driver.execute(Path(file).with_suffix(".sql").read_text(encoding="utf-8"))

    return upgrade


def never() -> None:
    """Facts are never migrated backwards: restore a backup instead."""
    raise NotImplementedError(never.__doc__)
