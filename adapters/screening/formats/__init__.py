"""The published formats, one a file. Each reader yields entries with their line, and refuses what is damaged."""
