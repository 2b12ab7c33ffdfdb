"""That customers are found by their names."""

from adapters.postgres.revision import never, sql_beside

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

upgrade = sql_beside(__file__)
downgrade = never
