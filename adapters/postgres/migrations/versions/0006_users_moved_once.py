"""That the end of a grace moves users once."""

from pathlib import Path

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Run the SQL beside this file: by the driver itself, which reads no placeholders into it."""
    sql = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    driver = op.get_bind().connection.driver_connection
    assert driver is not None
    driver.execute(sql)


def downgrade() -> None:
    """Facts are never migrated backwards: restore a backup instead."""
    raise NotImplementedError
