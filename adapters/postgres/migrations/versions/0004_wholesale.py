"""Wholesale customers, their screening and review, and what they assign."""

from adapters.postgres.revision import never, sql_beside

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

upgrade = sql_beside(__file__)
downgrade = never
