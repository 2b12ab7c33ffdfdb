"""Restricted-party lists, version by version."""

from adapters.postgres.revision import never, sql_beside

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

upgrade = sql_beside(__file__)
downgrade = never
