"""That the end of a grace moves users once."""

from adapters.postgres.revision import never, sql_beside

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

upgrade = sql_beside(__file__)
downgrade = never
