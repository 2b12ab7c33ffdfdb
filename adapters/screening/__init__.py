"""Restricted-party screening made real: published lists are read here, and subjects are compared with them (RPL)."""
