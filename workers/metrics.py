"""Our own metrics beside the SDK's, on one Prometheus endpoint. Numbers and states only: no id, no personal data."""

import asyncio
import logging
from typing import Never

from temporalio.common import MetricMeter
from temporalio.runtime import PrometheusConfig, Runtime, TelemetryConfig

from tenure.errors import Misconfigured
from tenure.ports import Processes
from tenure.settings import ServerSettings
from workers.relay import OUTAGES

_EVERY_SECONDS = 15.0
"""Prometheus' own rhythm of asking, by default."""

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
    """Read the state of the whole installation again and again, and set the gauges."""
    organisations = meter.create_gauge("tenure_organisations", "Organisations by state")
    overdue = meter.create_gauge_float(
        "tenure_oldest_overdue_seconds", "How long the oldest next date is past due; 0 where none is"
    )
    waiting = meter.create_gauge("tenure_processes_to_start", "Processes that facts need and that do not run yet")
    lag = meter.create_gauge_float(
        "tenure_relay_lag_seconds", "How long the oldest process waits to be started; 0 where none does"
    )
    held = meter.create_gauge("tenure_purges_held", "Erasures whose quarantine is over, by what holds the purge")
    trials = meter.create_gauge("tenure_trials", "Trials that are not over, by state")
    refused = meter.create_gauge("tenure_services_refused", "Services that the platform refuses to build or tear down")
    unanswered = meter.create_gauge("tenure_services_unanswered", "Services about which the platform does not answer")
    cases = meter.create_gauge("tenure_cases_open", "Restricted-party hits that wait for a reviewer")
    oldest = meter.create_gauge_float(
        "tenure_oldest_case_seconds", "How long the oldest of these has been open; 0 where none is"
    )
    stuck = meter.create_gauge("tenure_screenings_stuck", "Customers and addresses that cannot be screened at present")
    while True:
        try:
            figures = await processes.figures()
            for state, number in figures.organisations.items():
                organisations.set(number, {"state": state})
            for reason, number in figures.purges_held.items():
                held.set(number, {"reason": reason})
            for trial_state, number in figures.trials.items():
                trials.set(number, {"state": trial_state})
            refused.set(figures.services_refused)
            unanswered.set(figures.services_unanswered)
            cases.set(figures.cases_open)
            oldest.set(figures.oldest_case.total_seconds())
            stuck.set(figures.screenings_stuck)
            overdue.set(figures.oldest_overdue.total_seconds())
            waiting.set(figures.to_start)
            lag.set(figures.relay_lag.total_seconds())
        except OUTAGES as outage:
            _logger.warning("The metrics of the installation cannot be read: %s", outage)
        await asyncio.sleep(_EVERY_SECONDS)
