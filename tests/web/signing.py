"""What schemathesis cannot know: how batches of activity and reports of mail servers are written, and that batches are signed."""

import json
import os
from datetime import UTC, datetime
from typing import Any

import requests
import schemathesis
from schemathesis.core.parameters import ParameterLocation

from tenure.signature import Signer
from web.api.bounces import MEDIA_TYPE as RFC822
from web.batches import CLOUDEVENTS, NDJSON


@schemathesis.serializer(NDJSON, CLOUDEVENTS, RFC822)
def body(_context: schemathesis.SerializationContext, value: Any) -> bytes:
    """A batch or a report as it travels."""
    return (value if isinstance(value, str) else json.dumps(value)).encode(errors="replace")


@schemathesis.hook
def before_call(_context: schemathesis.HookContext, case: schemathesis.Case[Any], kwargs: dict[str, Any]) -> None:
    """Sign what goes to the intake, unless its headers are what is wrong with it."""
    if case.operation.path == "/v1/activity" and not _has_bad_headers(case):
        kwargs["auth"] = _sign


def _has_bad_headers(case: schemathesis.Case[Any]) -> bool:
    header = None if case.meta is None else case.meta.components.get(ParameterLocation.HEADER)
    return header is not None and header.mode.is_negative


def _sign(request: requests.PreparedRequest) -> requests.PreparedRequest:
    content = request.body or b""
    assert isinstance(content, bytes)
    signer = Signer(os.environ["TENURE_WEBHOOK_SECRET"])
    request.headers.update(signer.headers("msg_1", datetime.now(UTC), content))
    return request
