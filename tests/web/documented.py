"""Whether the document of the API names each code with which an operation refuses."""

import re
from functools import cache

import httpx

from tenure.errors import RefusalCode
from web.problems import MEDIA_TYPE

EVERYWHERE = {"unauthenticated", "forbidden", "invalid_input", "idempotency_key_reused", "too_large"}
"""What any operation may answer: it says nothing about that one."""

_documents: dict[str, str] = {}
"""The document, once it was read: it is the same at every site."""


@cache
def _operations(document: str) -> list[tuple[str, re.Pattern[str], frozenset[str]]]:
    """Method and path of each operation that names refusals of its own, with their codes."""
    found = []
    for path, operations in httpx.Response(200, text=document).json()["paths"].items():
        pattern = re.compile(re.sub(r"\\?\{[^}]*\}", "[^/]+", path))
        for method, operation in operations.items():
            texts = "\n".join(answer["description"] for answer in operation["responses"].values())
            codes = frozenset(re.findall(r"^- `(\w+)`: ", texts, re.MULTILINE))
            if codes:
                found.append((method.upper(), pattern, codes))
    return found


async def named(response: httpx.Response) -> None:
    """Fail where an operation that documents its refusals answers with one that it does not name; a hook of httpx."""
    if response.headers.get("content-type") != MEDIA_TYPE:
        return
    await response.aread()
    code = response.json()["code"]
    if code in EVERYWHERE or code not in {refusal.value for refusal in RefusalCode}:
        return
    if not _documents:
        async with httpx.AsyncClient() as http:
            url = response.url.copy_with(path="/v1/openapi.json", query=None)
            _documents["/v1"] = (await http.get(url)).text
    request = response.request
    for method, pattern, codes in _operations(_documents["/v1"]):
        if method == request.method and pattern.fullmatch(request.url.path):
            assert code in codes, f"{method} {request.url.path} does not say that it may be refused as {code}"
