"""Addresses of services that Tenure asks: safe to send a token to, or refused before anything is sent."""

import ipaddress
from urllib.parse import urlsplit

import httpx

from tenure.errors import Misconfigured


def checked(url: str, variable: str) -> str:
    """The address, which holds no secret: what was set is not repeated in case that it does.

    Raises:
        Misconfigured: it has another form, or would send a token unencrypted over a network.
    """
    try:
        parts, host = urlsplit(url), httpx.URL(url).host
    except (httpx.InvalidURL, ValueError):
        host = None
    if not host or parts.scheme not in {"http", "https"} or parts.username or parts.query or parts.fragment:
        raise Misconfigured(f"{variable} is not understood: expected https://host/path.")
    if parts.scheme == "http" and not is_this_machine(host):
        raise Misconfigured(f"{variable} would send the token unencrypted: use https://.")
    return url


def is_this_machine(host: str) -> bool:
    """Whether a host is this very machine, as its address or as `localhost`."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
