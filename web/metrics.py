"""What the web process counts, for Prometheus at `/metrics`. Numbers alone: no id, no personal data."""

from http import HTTPStatus

from fastapi import APIRouter, Response
from prometheus_client import CollectorRegistry, Counter
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tenure.contracts.activity import IntakeResult


class Metrics:
    """The counters of one application."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._events = Counter(
            "tenure_intake_events", "Activity events by what became of them", ["result"], registry=self._registry
        )
        self._errors = Counter("tenure_web_errors", "Requests that failed by an error of ours", registry=self._registry)
        # Each begins at zero: a rate sees its first event, and an alert that the web is there.
        self.count(IntakeResult())

    def count(self, result: IntakeResult) -> None:
        """Add a batch."""
        numbers = {name: getattr(result, name) for name in ("accepted", "older", "unknown", "deleted")}
        for name, number in (numbers | {"rejected": len(result.rejected)}).items():
            self._events.labels(name).inc(number)

    def failed(self) -> None:
        """Add a request that failed by an error of ours."""
        self._errors.inc()

    def router(self) -> APIRouter:
        """The route that Prometheus asks."""
        router = APIRouter()

        @router.get("/metrics", include_in_schema=False)
        async def metrics() -> Response:
            return Response(generate_latest(self._registry), media_type=CONTENT_TYPE_LATEST)

        return router


class ErrorCount:
    """Counts what is answered 500, by whichever part of the application, or breaks off without an answer."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on, and look at the status."""
        failed = False

        async def watched(message: Message) -> None:
            nonlocal failed
            failed = failed or message.get("status") == HTTPStatus.INTERNAL_SERVER_ERROR
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception:
            failed = True
            raise
        finally:
            if failed:
                self._metrics.failed()
