"""Whether a form was sent from a page of ours, as the browser itself attests; so forms need no token of their own."""

from starlette.requests import Request


def from_our_page(request: Request) -> bool:
    """Whether the browser says that a form of this very site sent the request.

    Older browsers, and all of them where there is no TLS, say so by `Origin` alone, and only to a page whose referrer
    policy lets them: under `no-referrer` it is `null`.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = request.headers.get("origin")
    return origin is not None and origin.partition("://")[2] == request.headers.get("host")
