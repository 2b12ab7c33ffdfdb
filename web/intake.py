"""`POST /v1/activity`: signed batches of activity, answered after the commit (AC-01, AC-10).

Two forms are taken. `application/x-ndjson`: an `ActivityEvent` a line. `application/cloudevents-batch+json`: CloudEvents
1.0 whose `type` is `com.tenure.activity.` and the kind, whose `subject` is the organisation, whose `source` is the feed
and whose `time` says when it happened; `data` is not read.
"""

from datetime import UTC, datetime

from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException

from tenure.contracts.activity import IntakeResult
from tenure.ports import Activity
from tenure.signature import ID_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER, Verifier
from web import batches
from web.metrics import Metrics

_DOCUMENTED = {
    "parameters": [
        {"in": "header", "name": name, "required": True, "schema": {"type": "string"}, "description": description}
        for name, description in (
            (ID_HEADER, "Standard Webhooks: unique for each batch."),
            (TIMESTAMP_HEADER, "Seconds since 1970, within 5 minutes of now."),
            (SIGNATURE_HEADER, "`v1,` and the HMAC-SHA256 of `{id}.{timestamp}.{body}` in base64."),
        )
    ],
    "requestBody": {
        "required": True,
        "content": {
            batches.NDJSON: {
                "schema": {"type": "string"},
                "example": '{"organisation_id":"org_alder","kind":"app_sign_in","at":"2026-11-27T09:00:00Z",'
                '"source":"identity"}',
            },
            batches.CLOUDEVENTS: {"schema": {"type": "array", "items": {"type": "object"}}},
        },
    },
}


def create_router(activity: Activity, verifier: Verifier, metrics: Metrics) -> APIRouter:
    """The route of the intake, over its port and the secrets that senders may sign with.

    `web.limits.BodyLimit` before it keeps batches at 8 MiB.
    """
    router = APIRouter(prefix="/v1", tags=["activity"])

    @router.post("/activity", response_model=IntakeResult, openapi_extra=_DOCUMENTED)
    async def report_activity(request: Request) -> Response:
        """Take a batch of up to 10,000 events and 8 MiB; a bad line is rejected by its number, the rest is taken.

        Sending a batch again is harmless: its events are then older than what is known.
        """
        media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type not in batches.FORMATS:
            raise HTTPException(415, f"Send {' or '.join(batches.FORMATS)}.")
        if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
            raise HTTPException(415, "Send the batch without a content encoding.")
        body = await request.body()
        verifier.verify(request.headers, body, datetime.now(UTC))
        batch = batches.read(media_type, body)
        result = batch.answer(await activity.record(batch.events))
        metrics.count(result)
        return Response(result.model_dump_json(), media_type="application/json")

    return router
