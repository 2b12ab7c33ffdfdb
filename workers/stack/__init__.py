"""The development stack: everything production has, embedded and started by one command."""
