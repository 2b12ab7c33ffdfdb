"""The console: pages for operators, partners and reviewers, rendered here, without scripts and without anything from elsewhere."""
