"""HTTP: facts, reads and activity, and the pages people see."""
