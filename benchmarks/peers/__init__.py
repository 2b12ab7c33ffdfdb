"""The named peers."""
