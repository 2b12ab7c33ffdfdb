"""Our own metrics beside the SDK's, on one Prometheus endpoint. Numbers and states only: no id, no personal data."""

import asyncio
import logging
import time
from collections.abc import Iterator
from typing import Final, Never

from temporalio.common import MetricMeter
from temporalio.runtime import PrometheusConfig, Runtime, TelemetryConfig

from tenure.contracts.process import Figures
from tenure.errors import Misconfigured
from tenure.ports import Processes
from tenure.settings import ServerSettings
from workers.relay import OUTAGES

_EVERY_SECONDS = 15.0
"""Prometheus' own rhythm of asking, by default."""

READ_AT: Final = "tenure_figures_read_timestamp_seconds"
GAUGES: Final = {
    "tenure_organisations": "Organisations by state",
    "tenure_trials": "Trials that are not over, by state",
    "tenure_countdowns_held": "Countdowns whose warning or deletion is held, by why",
    "tenure_purges_held": "Erasures whose quarantine is over, by what holds the purge",
    "tenure_breakers_open": "Breakers that let nothing through, of the fleet or of partners",
    "tenure_oldest_overdue_seconds": "How long the oldest next date is past due; 0 where none is",
    "tenure_processes_to_start": "Processes that facts need and that do not run yet",
    "tenure_relay_lag_seconds": "How long the oldest process waits to be started; 0 where none does",
    "tenure_feeds_late": "Needed activity feeds that were not heard of within their rhythm",
    "tenure_notices_deferred": "Mails that the mail server has not taken yet, and that are tried again",
    "tenure_services_refused": "Services that the platform refuses to build or tear down",
    "tenure_services_unanswered": "Services about which the platform does not answer",
    "tenure_oldest_account_seconds": "How long a wholesale customer waits for its account at most; 0 where none does",
    "tenure_cases_open": "Restricted-party hits that wait for a reviewer",
    "tenure_oldest_case_seconds": "How long the oldest hit that times out has been open; 0 where none is",
    "tenure_screenings_stuck": "Customers and addresses that cannot be screened at present",
    "tenure_oldest_list_seconds": "How long ago the oldest restricted-party list was presented; 0 where none is loaded",
    READ_AT: "When this worker last read all of these, or began, in seconds since 1970",
}

_logger = logging.getLogger(__name__)


def runtime(settings: ServerSettings) -> Runtime:
    """The SDK's runtime, with its endpoint unless the port is 0.

    Raises:
        Misconfigured: the port is taken.
    """
    if not settings.metrics_port:
        return Runtime(telemetry=TelemetryConfig())
    endpoint = PrometheusConfig(
        bind_address=f"{settings.host}:{settings.metrics_port}",
        counters_total_suffix=True,
        unit_suffix=True,
        durations_as_seconds=True,
    )
    try:
        return Runtime(telemetry=TelemetryConfig(metrics=endpoint))
    except ValueError as error:
        raise Misconfigured(
            f"Metrics cannot be served on {endpoint.bind_address} ({error}): set TENURE_METRICS_PORT to a free port, or to 0."
        ) from error


async def measure(processes: Processes, meter: MetricMeter) -> Never:
    """Read the state of the whole installation again and again, and set the gauges.

    Every worker sets the same ones. While the database is away they stay what they were, and the time of the last
    reading falls behind.
    """
    gauges = {name: meter.create_gauge_float(name, description) for name, description in GAUGES.items()}
    gauges[READ_AT].set(time.time())  # one that cannot read from the start on is told of, too
    while True:
        try:
            for name, labels, value in told(await processes.figures()):
                gauges[name].set(value, labels)
            gauges[READ_AT].set(time.time())
        except OUTAGES as outage:
            _logger.warning("The metrics of the installation cannot be read: %s", outage)
        await asyncio.sleep(_EVERY_SECONDS)


def told(figures: Figures) -> Iterator[tuple[str, dict[str, str], float]]:
    """Every gauge but the time of the reading: its name, its labels, its value."""
    for state, number in figures.organisations.items():
        yield "tenure_organisations", {"state": state}, number
    for trial_state, number in figures.trials.items():
        yield "tenure_trials", {"state": trial_state}, number
    for reason, number in figures.countdowns_held.items():
        yield "tenure_countdowns_held", {"reason": reason}, number
    for hold, number in figures.purges_held.items():
        yield "tenure_purges_held", {"reason": hold}, number
    for scope, number in figures.breakers_open.items():
        yield "tenure_breakers_open", {"scope": scope}, number
    yield "tenure_oldest_overdue_seconds", {}, figures.oldest_overdue.total_seconds()
    yield "tenure_processes_to_start", {}, figures.to_start
    yield "tenure_relay_lag_seconds", {}, figures.relay_lag.total_seconds()
    yield "tenure_feeds_late", {}, figures.feeds_late
    yield "tenure_notices_deferred", {}, figures.notices_deferred
    yield "tenure_services_refused", {}, figures.services_refused
    yield "tenure_services_unanswered", {}, figures.services_unanswered
    yield "tenure_oldest_account_seconds", {}, figures.oldest_account.total_seconds()
    yield "tenure_cases_open", {}, figures.cases_open
    yield "tenure_oldest_case_seconds", {}, figures.oldest_case.total_seconds()
    yield "tenure_screenings_stuck", {}, figures.screenings_stuck
    yield "tenure_oldest_list_seconds", {}, figures.oldest_list.total_seconds()
