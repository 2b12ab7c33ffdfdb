"""The customer's pages, to which links in mails lead: consent to a trial, and the set-up of what was ordered.

They are rendered here in the reader's language, without scripts and without anything from elsewhere.
"""
