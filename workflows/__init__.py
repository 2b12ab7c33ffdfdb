"""Durable processes, one a file, each read from top to bottom like the process it models."""
