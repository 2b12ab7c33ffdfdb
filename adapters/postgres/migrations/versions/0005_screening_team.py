"""Who keeps the restricted-party lists, and the orders in which reviews are looked through."""

from adapters.postgres.revision import never, sql_beside

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

upgrade = sql_beside(__file__)
downgrade = never
