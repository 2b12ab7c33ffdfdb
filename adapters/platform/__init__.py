"""The platform at a vendor, by its HTTP API."""
