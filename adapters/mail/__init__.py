"""Mails: written from templates in the recipient's language, and handed to a mail server."""
