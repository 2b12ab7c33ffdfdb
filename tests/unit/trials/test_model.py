"""The reference model of trials: its own timeline, and the pure rules of the product beside it."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from tenure.contracts.licence import LicenceKind, LicenceSet
from tenure.contracts.trial import TrialState
from tenure.ids import LicenceSetId, OrganisationId, PartnerId, TrialId
from tenure.policy import trial as rule
from tenure.policy.catalogue import shipped
from tenure.policy.rules import DEFAULT
from tenure.policy.trial import Holdings, OtherTrial
from tests.unit.trials.book import DAY, Partner, Subscription, Trial
from tests.unit.trials.model import Model

START = datetime(2027, 1, 1, tzinfo=UTC)
PARTNERS = ("ptr_a", "ptr_b")
SERVICES = ("calling", "meetings", "messaging")
_SOME = st.frozensets(st.sampled_from(SERVICES), min_size=1)


def fresh() -> Model:
    """An organisation with a full admin, an admin and a user, and two partners."""
    people = {"per_full": "full", "per_admin": "admin", "per_user": "user"}
    return Model(START, {key: Partner(f"per_sal-{key}", f"per_pat-{key}") for key in PARTNERS}, people)


def active(length: int = 30) -> tuple[Model, Trial]:
    """A new customer's trial of calling that has just become active."""
    model = fresh()
    trial = Trial("trl_a", "ptr_a", "new", frozenset({"calling"}), length, "per_full", "provisioning")
    model.create(trial)
    model.build(trial, trial.services)
    model.settle()
    return model, trial


def kinds(model: Model) -> list[str]:
    """The mails that were due, by kind."""
    return sorted(note.kind for note in model.notes)


def test_the_master_timeline() -> None:
    """Days -7, 0, 30 and 45 of an organisation that only had a trial, at those instants and not before (section 0)."""
    model, trial = active()
    end = START + 30 * DAY
    seen = []
    for day in (-7, 0, 30, 45):
        for before in (timedelta(microseconds=1), timedelta(0)):
            model.advance(end + day * DAY - before)
            seen.append((trial.state, len(model.notes), sorted(model.people), model.numbers[0].state, model.marked))
    everybody = ["per_admin", "per_full", "per_user"]
    assert seen == [
        ("active", 1, everybody, "assigned", False),
        ("active", 5, everybody, "assigned", False),
        ("active", 5, everybody, "assigned", False),
        ("grace", 9, everybody, "assigned", False),
        ("grace", 9, everybody, "assigned", False),
        ("ended", 9, ["per_full"], "held", True),
        ("ended", 9, ["per_full"], "held", True),
        ("ended", 9, ["per_full"], "released", True),
    ]
    both = ["trial_ending", "trial_ending_partner", "trial_expired", "trial_expired_partner"]
    assert kinds(model) == sorted([*both, *both, "welcome"])


def test_an_extension_replaces_the_end() -> None:
    """65 days left and 30 chosen is 30 left, not 95; the shorter end has to be confirmed (TC-01, TC-03)."""
    model, trial = active(90)
    model.advance(START + 25 * DAY)
    seller = model.partners["ptr_a"].seller
    assert model.extend(trial, seller, 30, confirmed=False) == {"confirmation_required"}
    assert model.extend(trial, seller, 30, confirmed=True) == set()
    assert trial.ends_at == START + 55 * DAY


def test_what_is_bought_is_not_told_of() -> None:
    """With everything bought in grace nobody hears of its end again, and nobody is moved (TC-20, GR-05)."""
    model, trial = active()
    model.advance(START + 31 * DAY)
    told = kinds(model)
    model.buy("lic_z", {"calling"})
    model.advance(START + 200 * DAY)
    assert (trial.state, kinds(model), model.marked, len(model.people)) == ("converted", told, False, 3)


@given(st.integers(1, 30), st.integers(0, 29), st.sampled_from((30, 60, 90)))
def test_ends_and_reminders(days: int, passed: int, length: int) -> None:
    """The product's dates of an end, first or extended, are the model's (PV-07, TC-01, NO-09, Q-12)."""
    model, trial = active(length)
    assert (trial.ends_at, trial.reminder_at) == _dates(rule.ends_at(START, length), START)
    model.advance(START + passed * DAY)
    model.extend(trial, model.partners["ptr_a"].seller, days, confirmed=True)
    assert (trial.ends_at, trial.reminder_at) == _dates(rule.extended(model.now, days), model.now)


def _dates(end: datetime, armed_at: datetime) -> tuple[datetime, datetime | None]:
    return end, rule.reminder_at(armed_at, end, DEFAULT)


@given(
    st.lists(st.tuples(st.sampled_from(PARTNERS), st.sampled_from(TrialState), _SOME), max_size=4),
    st.lists(st.tuples(st.sampled_from(("active", "suspended", "removed")), _SOME), max_size=3),
    _SOME,
)
def test_eligibility(
    trials: list[tuple[str, TrialState, frozenset[str]]],
    bought: list[tuple[str, frozenset[str]]],
    wanted: frozenset[str],
) -> None:
    """What cannot be tried, and why, is the same by the product and by the model (TR-15 to TR-19)."""
    model = fresh()
    for number, (partner, state, services) in enumerate(trials):
        model.trials[f"trl_{number}"] = Trial(f"trl_{number}", partner, "add_on", services, 30, "", state.value)
    for number, (held, services) in enumerate(bought):
        model.subscriptions[f"lic_{number}"] = Subscription(services, held)
    holdings = Holdings(
        licence_sets=tuple(
            LicenceSet.model_validate(
                {
                    "licence_set_id": LicenceSetId(key),
                    "organisation_id": OrganisationId("org_a"),
                    "kind": LicenceKind.SUBSCRIPTION,
                    "state": one.state,
                    "services": tuple(one.services),
                }
            )
            for key, one in model.subscriptions.items()
        ),
        trials=tuple(
            OtherTrial(
                trial_id=TrialId(key),
                partner_id=PartnerId(trial.partner),
                state=TrialState(trial.state),
                services=tuple(trial.services),
            )
            for key, trial in model.trials.items()
        ),
    )
    for partner in PARTNERS:
        found = rule.ineligible(wanted, PartnerId(partner), holdings, shipped())
        assert found == model.ineligible(wanted, partner)
