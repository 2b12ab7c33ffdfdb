"""Tenure: the commercial life of customer organisations, as durable Temporal workflows."""
