"""The durations and caps of the rules, as one frozen document with a version."""

from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from tenure.contracts.base import Contract, Text

Days = Annotated[timedelta, Field(ge=timedelta(days=1), le=timedelta(days=3650))]


class BreakerLimit(Contract):
    """Fences allowed in a rolling window: the larger of a number and a share of the organisations in scope."""

    model_config = ConfigDict(extra="forbid")

    absolute: Annotated[int, Field(ge=0)]
    share: Annotated[float, Field(ge=0, le=1)]

    def allowed(self, organisations: int) -> int:
        """How many fences a scope of so many organisations may see in the window."""
        return max(self.absolute, int(self.share * organisations))


class Rules(Contract):
    """What the lifecycle rules are made of. A blank, zero or negative duration is refused on load (P4).

    So is a rule that is none: a misspelt `dry_run` must not delete.
    """

    model_config = ConfigDict(extra="forbid")

    version: Text = "2026-11"
    trial_grace: Days = timedelta(days=30)
    """RP-01."""
    subscription_grace: Days = timedelta(days=60)
    """RP-01."""
    consent_period: Days = timedelta(days=10)
    """For a full admin of the customer to consent to a trial (CO-06)."""
    consent_mailings: Annotated[int, Field(ge=1, le=100)] = 10
    """How often one request for consent may be mailed: people are asked, not pestered (CO-11)."""
    trial_lengths_days: Annotated[tuple[Annotated[int, Field(ge=1, le=365)], ...], Field(min_length=1)] = (30, 60, 90)
    """What partners can choose from; the first where they do not (TR-22, Q-15)."""
    longest_extension_days: Annotated[int, Field(ge=1, le=365)] = 30
    """From the day of the extension (TC-02)."""
    trial_reminder: Days = timedelta(days=7)
    """Before the end of a trial (NO-01, NO-04)."""
    number_hold: Days = timedelta(days=15)
    """For which phone numbers are kept after the end of calling (NR-01)."""
    device_return: Days = timedelta(days=14)
    """From the device end date (DV-02)."""
    review_period: Annotated[timedelta, Field(ge=timedelta(hours=1), le=timedelta(days=30))] = timedelta(hours=72)
    """For a reviewer to decide on a restricted-party hit, by the clock and not by office hours (RPL-07, RPL-08)."""
    review_slow: Annotated[timedelta, Field(ge=timedelta(minutes=1))] = timedelta(minutes=60)
    """From when on an open review is shown as slower than most; nothing else follows from it (RPL-13)."""
    allow_admin_upgrade: bool = False
    """Whether administrators may hold a higher package than the one of the organisation's creation (ADM-07)."""
    silence: Days = timedelta(days=30)
    """Without activity after marking, until the warning (DM-05)."""
    notice_period: Days = timedelta(days=30)
    """From the warning to the deletion (DM-06)."""
    quarantine: Annotated[timedelta, Field(ge=timedelta(0))] = timedelta(hours=24)
    """Between fence and purge (SF-11)."""
    backups_kept: Annotated[timedelta, Field(ge=timedelta(0))] = timedelta(days=35)
    """How long backups of the database hold what was purged: the receipt says so (SF-07)."""
    when_nobody_reachable: Literal["proceed", "hold"] = "proceed"
    """SF-02, DM-17."""
    refusals: Annotated[int, Field(ge=1)] = 3
    """How many refusals of an address make it final (SF-02): a mailbox that moves over a weekend is still reached."""
    refusal_interval: Days = timedelta(days=1)
    """Between the attempts at an address that is refused (SF-02)."""
    per_second: Annotated[float, Field(gt=0, le=100)] = 1.0
    """The rate of warnings and fences (SF-05)."""
    look_again: Annotated[timedelta, Field(ge=timedelta(minutes=1))] = timedelta(hours=1)
    """How long a hold rests where nothing says when it ends; a change of facts wakes it at once."""
    fleet_hour: BreakerLimit = BreakerLimit(absolute=50, share=0.005)
    fleet_day: BreakerLimit = BreakerLimit(absolute=200, share=0.02)
    partner_hour: BreakerLimit = BreakerLimit(absolute=20, share=0.05)
    partner_day: BreakerLimit = BreakerLimit(absolute=50, share=0.1)
    dry_run: bool = False
    """Run everything up to the fence, and record what it would have done (WH-06)."""

    @model_validator(mode="after")
    def _a_day_allows_what_an_hour_does(self) -> Self:
        if self.fleet_day.absolute < self.fleet_hour.absolute or self.partner_day.absolute < self.partner_hour.absolute:
            raise ValueError("a breaker's daily limit is below its hourly one")
        return self


DEFAULT = Rules()
