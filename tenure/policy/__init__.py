"""The rules: every date and every predicate, pure. Time is a parameter; nothing here reads a clock or a row."""
