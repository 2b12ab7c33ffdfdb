"""What the workers of the two task queues run."""

from collections.abc import Callable, Sequence
from typing import Any

from activities.accounts import AccountActivities
from activities.countdowns import CountdownActivities
from activities.erasures import DestructionActivities, ErasureActivities
from activities.graces import GraceActivities
from activities.notices import NoticeActivities
from activities.onboardings import OnboardingActivities
from activities.provisioning import ProvisioningActivities
from activities.reconciliation import ReconciliationActivities
from activities.screenings import ScreeningActivities
from activities.trials import TrialActivities
from tenure.ports import Eraser, Executions, Licences, Mailer, Platform
from workers.application import Application
from workflows.address import AddressChange
from workflows.consent import TrialConsent
from workflows.customer import CustomerScreening
from workflows.deletion import DeletionCountdown
from workflows.devices import DeviceReturn
from workflows.erasure import Erasure
from workflows.grace import RenewalGrace
from workflows.list_screening import ListScreening
from workflows.numbers import NumberRetention
from workflows.onboarding import WholesaleOnboarding
from workflows.reconcile import Reconcile
from workflows.review import RplReview
from workflows.trial import Trial

WORKFLOWS: Sequence[type] = (
    TrialConsent,
    Trial,
    NumberRetention,
    DeviceReturn,
    WholesaleOnboarding,
    RplReview,
    AddressChange,
    ListScreening,
    CustomerScreening,
    RenewalGrace,
    DeletionCountdown,
    Erasure,
    Reconcile,
)
"""Every workflow of the application."""


def activities(
    application: Application, mailer: Mailer, platform: Platform, executions: Executions
) -> Sequence[Callable[..., Any]]:
    """The activities of the main queue; none of them can delete (SF-12)."""
    services = application.services
    countdowns = CountdownActivities(application.countdowns)
    notices = NoticeActivities(
        services.notices, services.writer, mailer, refusal_interval=application.rules.refusal_interval
    )
    graces = GraceActivities(services.licences)
    trials = TrialActivities(application.trial_steps)
    provisioning = ProvisioningActivities(platform, application.trial_steps)
    onboardings = OnboardingActivities(application.onboarding_steps)
    screenings = ScreeningActivities(application.onboarding_steps, services.screener, application.update_screener)
    accounts = AccountActivities(platform, application.onboarding_steps)
    erasures = ErasureActivities(services.erasures)
    reconciliation = ReconciliationActivities(application.processes, executions)
    return (
        countdowns.assess,
        countdowns.warn,
        countdowns.fence,
        countdowns.record,
        notices.deliver,
        graces.check,
        graces.end_trial,
        graces.hold_numbers,
        graces.conclude,
        trials.check_consent,
        trials.check_trial,
        trials.conclude,
        trials.check_numbers,
        trials.check_devices,
        provisioning.build,
        provisioning.tear_down,
        onboardings.check_onboarding,
        onboardings.check_address_change,
        onboardings.check_customer_screening,
        onboardings.check_review,
        screenings.screen,
        screenings.screen_customers,
        accounts.open_account,
        erasures.clear,
        reconciliation.require_missing,
        reconciliation.repair,
        reconciliation.overdue,
    )


def destruction(eraser: Eraser, licences: Licences) -> Sequence[Callable[..., Any]]:
    """The activities of the erasure queue; its ports hold the role that may delete (SF-12)."""
    activities = DestructionActivities(eraser, licences)
    return (activities.erase, activities.issue_receipt, activities.purge_meeting_data)
