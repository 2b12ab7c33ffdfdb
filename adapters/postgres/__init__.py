"""Facts: every guarded transaction, and every read, on Postgres."""
