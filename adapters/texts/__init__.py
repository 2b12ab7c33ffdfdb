"""Texts for people in their own language: the translations, and how they are chosen."""
