"""The console: pages for operators and partners, rendered here, without scripts and without anything from elsewhere."""
