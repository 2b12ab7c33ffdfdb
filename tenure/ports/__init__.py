"""What the core asks of the world: activities and web pages depend on these, `adapters` makes them real."""

from tenure.ports.activity import Activity, Feeds
from tenure.ports.caller import TIMER, Caller
from tenure.ports.deletion import Breakers, Countdowns, Eraser, Erasures
from tenure.ports.facts import AuditTrail, Forecast, Imports, Installation, Licences, Organisations, Tokens
from tenure.ports.notices import Bounces, Mailer, Notices, ReportReader, Writer
from tenure.ports.processes import Executions, Histories, Processes
from tenure.ports.screening import ListFile, Screener, ScreeningLists, UpdateScreener
from tenure.ports.trials import Consents, Devices, Platform, Trials, TrialSteps
from tenure.ports.wholesale import Customers, OnboardingSteps, Reviews, Users, Wizards

__all__ = [
    "TIMER",
    "Activity",
    "AuditTrail",
    "Bounces",
    "Breakers",
    "Caller",
    "Consents",
    "Countdowns",
    "Customers",
    "Devices",
    "Eraser",
    "Erasures",
    "Executions",
    "Feeds",
    "Forecast",
    "Histories",
    "Imports",
    "Installation",
    "Licences",
    "ListFile",
    "Mailer",
    "Notices",
    "OnboardingSteps",
    "Organisations",
    "Platform",
    "Processes",
    "ReportReader",
    "Reviews",
    "Screener",
    "ScreeningLists",
    "Tokens",
    "TrialSteps",
    "Trials",
    "UpdateScreener",
    "Users",
    "Wizards",
    "Writer",
]
