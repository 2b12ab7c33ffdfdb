"""The ports made real: Postgres, SMTP, and what else lies outside."""
