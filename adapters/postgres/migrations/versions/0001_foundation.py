"""The facts of the foundation."""

from adapters.postgres.revision import never, sql_beside

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

upgrade = sql_beside(__file__)
downgrade = never
