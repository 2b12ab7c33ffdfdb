"""The composition root: what runs, wired together."""
