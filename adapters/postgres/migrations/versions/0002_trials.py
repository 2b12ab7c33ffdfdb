"""Trials: their facts, and what belongs to them."""

from adapters.postgres.revision import never, sql_beside

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

upgrade = sql_beside(__file__)
downgrade = never
