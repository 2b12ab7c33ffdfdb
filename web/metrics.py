"""What the web process counts, for Prometheus at `/metrics`. Numbers alone: no id, no personal data."""

from fastapi import APIRouter, Response
from prometheus_client import CollectorRegistry, Counter
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from tenure.contracts.activity import IntakeResult


class Metrics:
    """The counters of one application."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._events = Counter(
            "tenure_intake_events", "Activity events by what became of them", ["result"], registry=self._registry
        )
        self.count(
            IntakeResult()
        )  # each begins at zero: a rate sees its first event, and an alert that the web is there

    def count(self, result: IntakeResult) -> None:
        """Add a batch."""
        numbers = {name: getattr(result, name) for name in ("accepted", "older", "unknown", "deleted")}
        for name, number in (numbers | {"rejected": len(result.rejected)}).items():
            self._events.labels(name).inc(number)

    def router(self) -> APIRouter:
        """The route that Prometheus asks."""
        router = APIRouter()

        @router.get("/metrics", include_in_schema=False)
        async def metrics() -> Response:
            return Response(generate_latest(self._registry), media_type=CONTENT_TYPE_LATEST)

        return router
