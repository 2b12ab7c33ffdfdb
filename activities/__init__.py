"""Side effects as Temporal activities: one class a port, the port injected."""
