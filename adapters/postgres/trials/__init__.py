"""Trials on Postgres: requests, consent, changes, conversion, the steps of their processes, and their mails."""
