"""Mails that come back after a mail server has accepted them."""

from adapters.postgres.revision import never, sql_beside

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

upgrade = sql_beside(__file__)
downgrade = never
