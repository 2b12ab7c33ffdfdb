"""${message}"""

from adapters.postgres.revision import never, sql_beside

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = ${repr(branch_labels)}
depends_on = ${repr(depends_on)}

upgrade = sql_beside(__file__)
downgrade = never
