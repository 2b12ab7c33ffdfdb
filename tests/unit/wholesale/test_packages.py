"""The rules of packages and add-ons, by themselves (PKG, ADD, ADM)."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenure.contracts.organisation import Role
from tenure.contracts.package import MOST_UNITS, Quantity, UnitKind
from tenure.contracts.user import ADMINISTRATORS
from tenure.errors import Refusal
from tenure.policy.catalogue import shipped
from tenure.policy.package import RANKS, Packages, role_of
from tenure.policy.rules import DEFAULT

STRICT = Packages(shipped(), DEFAULT)
UPWARD = Packages(shipped(), DEFAULT.model_copy(update={"allow_admin_upgrade": True}))
LEVELS = {package.code: package.level for package in shipped().packages}
CODES = st.sampled_from(sorted(LEVELS))
ROLES = st.sampled_from(sorted(RANKS))


def _code(packages: Packages, role: Role, current: str, target: str, creation: str) -> str | None:
    try:
        packages.require_change(role, current, target, creation)
    except Refusal as refusal:
        return refusal.code
    return None


def test_the_catalogue_is_configuration() -> None:
    """Packages have a code, a name, services and an ordered level, each level once (PKG-04)."""
    assert all(package.name and package.services for package in shipped().packages)
    assert len(set(LEVELS.values())) == len(LEVELS)
    assert STRICT.services("suite") == ("messaging", "meetings", "calling")
    assert STRICT.services("withdrawn") == ()
    assert STRICT.with_calling == {"voice", "calling", "suite"}


@given(role=ROLES, current=CODES, target=CODES, creation=CODES)
def test_users_change_as_they_like_and_administrators_do_not(
    role: Role, current: str, target: str, creation: str
) -> None:
    """No administrator goes down, or to anything but the creation package; users go anywhere (ADM-02, ADM-05, ADM-07)."""
    code = _code(STRICT, role, current, target, creation)
    if role not in ADMINISTRATORS:
        assert code is None
    elif LEVELS[target] < LEVELS[current]:
        assert code == "admin_package_downgrade_not_supported"
    else:
        assert code == (None if target == creation else "admin_package_mismatch")


@given(role=ROLES, current=CODES, target=CODES, creation=CODES)
def test_where_it_is_allowed_administrators_go_up_and_never_down(
    role: Role, current: str, target: str, creation: str
) -> None:
    """Whatever is allowed leaves an administrator at the creation package or above it, and never lower than before (ADM-07)."""
    if _code(UPWARD, role, current, target, creation) is None and role in ADMINISTRATORS:
        assert LEVELS[target] >= max(LEVELS[current], LEVELS[creation])
    if LEVELS[target] >= max(LEVELS[current], LEVELS[creation]):
        assert _code(UPWARD, role, current, target, creation) is None


def test_a_package_that_is_not_on_offer_any_more_can_be_left() -> None:
    """It compares with none: it is no downgrade to leave it, and it is never the creation's by its level (PKG-04, ADM-02)."""
    assert _code(STRICT, Role.CUSTOMER_ADMIN, "withdrawn", "suite", "suite") is None
    assert _code(UPWARD, Role.CUSTOMER_ADMIN, "suite", "suite", "withdrawn") == "admin_package_mismatch"


@given(
    wanted=st.dictionaries(CODES, st.integers(-2, 6)),
    limits=st.dictionaries(CODES, st.integers(0, 6)),
    assigned=st.dictionaries(CODES, st.integers(0, 6)),
    creation=CODES,
)
def test_quantities_that_are_accepted_hold_what_is_assigned(
    wanted: dict[str, int], limits: dict[str, int], assigned: dict[str, int], creation: str
) -> None:
    """None is negative or below what is assigned, and one of the creation package is left (PKG-10, PKG-11, ADM-04)."""
    present = [
        Quantity(kind=UnitKind.PACKAGE, code=code, limit=limit, assigned=min(limit, assigned.get(code, 0)))
        for code, limit in limits.items()
    ]
    after = limits | wanted
    right = (
        all(units >= 0 for units in wanted.values())
        and all(after[quantity.code] >= quantity.assigned for quantity in present)
        and after.get(creation, 0) > 0
    )
    accepted = False
    with suppress(Refusal):
        STRICT.require_quantities(wanted, {}, creation, present)
        accepted = True
    assert accepted == right


@pytest.mark.parametrize(
    ("packages", "add_ons", "code"),
    [
        ({}, {}, "invalid_quantity"),
        ({"suite": 0}, {}, "invalid_quantity"),
        ({"meetings": 5}, {}, "invalid_quantity"),
        ({"suite": 5, "meetings": -1}, {}, "invalid_quantity"),
        ({"suite": MOST_UNITS + 1}, {}, "invalid_quantity"),
        ({"suite": 5, "premium": 1}, {}, "unknown_package"),
        ({"suite": 5}, {"fax": 0}, "unknown_add_on"),
        ({"suite": 5}, {"calling-plan": 1}, "add_on_not_available"),
        ({"suite": 5}, {"calling-plan": 0}, None),
        ({"suite": MOST_UNITS}, {}, None),
        ({"suite": 1, "meetings": 0}, {}, None),
    ],
)
def test_quantities_of_a_new_customer(packages: dict[str, int], add_ons: dict[str, int], code: str | None) -> None:
    """One package at least is wanted: the one of the creation, for the first full admin (PKG-05, PKG-10, ADM-04)."""
    refused = None
    try:
        STRICT.require_quantities(packages, add_ons, "suite")
    except Refusal as refusal:
        refused = refusal.code
    assert refused == code


@given(st.lists(st.sampled_from(sorted(Role))))
def test_a_user_has_the_highest_role_of_the_customers(roles: list[Role]) -> None:
    """Roles of a partner, and the contact of record's, do not count (ADM-01)."""
    role = role_of(roles)
    assert all(RANKS[each] <= RANKS[role] for each in roles if each in RANKS)
    assert role in {*roles, Role.USER}
