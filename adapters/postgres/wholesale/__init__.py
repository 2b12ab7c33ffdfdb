"""Wholesale customers on Postgres: onboarding, screening and review, and what they assign to their users."""
