"""The rules of packages and add-ons: what there is, who may hold which, and how many may be wanted (PKG, ADD, ADM)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tenure.contracts.catalogue import Catalogue
from tenure.contracts.organisation import Role
from tenure.contracts.package import MOST_UNITS, Quantity, UnitKind
from tenure.contracts.user import ADMINISTRATORS
from tenure.errors import Refusal, RefusalCode
from tenure.policy.rules import Rules

RANKS: Mapping[Role, int] = {Role.USER: 0, Role.CUSTOMER_ADMIN: 1, Role.CUSTOMER_FULL_ADMIN: 2}
"""The roles of a customer's users, of which each has one; a higher one is more. Other roles are none of wholesale's."""


@dataclass(frozen=True, slots=True)
class Packages:
    """The packages and add-ons of an installation, with the rules that hold for them."""

    catalogue: Catalogue
    rules: Rules

    def services(self, code: str) -> tuple[str, ...]:
        """What a package entitles to; nothing once it is not on offer any more (PKG-03)."""
        package = self.catalogue.package(code)
        return () if package is None else package.services

    @property
    def with_calling(self) -> frozenset[str]:
        """The packages whose users may have a phone number (NUM-02)."""
        calling = {service.key for service in self.catalogue.services if service.calling}
        return frozenset(package.code for package in self.catalogue.packages if calling & set(package.services))

    def require_package(self, code: str | None) -> str:
        """The package that somebody is to have.

        Raises:
            Refusal: `package_required` where none is named, `unknown_package` (PKG-02, PKG-10).
        """
        if code is None:
            raise Refusal(RefusalCode.PACKAGE_REQUIRED)
        if self.catalogue.package(code) is None:
            raise Refusal(RefusalCode.UNKNOWN_PACKAGE, details={"code": code})
        return code

    def require_add_on(self, code: str) -> None:
        """Refuse an add-on that nobody can be given (ADD-02).

        Raises:
            Refusal: `unknown_add_on` or `add_on_not_available`.
        """
        add_on = self.catalogue.add_on(code)
        if add_on is None:
            raise Refusal(RefusalCode.UNKNOWN_ADD_ON, details={"code": code})
        if not add_on.available:
            raise Refusal(RefusalCode.ADD_ON_NOT_AVAILABLE, details={"code": code})

    def require_holder(self, role: Role, package: str, creation: str) -> None:
        """Refuse an administrator without the package that the organisation was created with (ADM-01, ADM-03).

        A higher one will do where the installation allows it (ADM-07).

        Raises:
            Refusal: `admin_package_mismatch`.
        """
        if role not in ADMINISTRATORS or package == creation:
            return
        if not (self.rules.allow_admin_upgrade and self._is_lower(creation, package)):
            raise Refusal(RefusalCode.ADMIN_PACKAGE_MISMATCH, details={"package": package, "required": creation})

    def require_change(self, role: Role, current: str, target: str, creation: str) -> None:
        """Refuse another package to an administrator; users may go up and down (ADM-02, ADM-05, ADM-07).

        Raises:
            Refusal: `admin_package_downgrade_not_supported` or `admin_package_mismatch`.
        """
        if role in ADMINISTRATORS and self._is_lower(target, current):
            raise Refusal(RefusalCode.ADMIN_PACKAGE_DOWNGRADE_NOT_SUPPORTED, details={"from": current, "to": target})
        self.require_holder(role, target, creation)

    def require_quantities(
        self,
        packages: Mapping[str, int],
        add_ons: Mapping[str, int],
        creation: str,
        present: Iterable[Quantity] = (),
    ) -> None:
        """Refuse quantities that a customer cannot have, over those that are `present` (PKG-05, PKG-10, PKG-11).

        One of the package that the organisation is created with is its first full admin's (ADM-04). What is not
        available may be lowered.

        Raises:
            Refusal: `unknown_package`, `unknown_add_on`, `invalid_quantity`, `add_on_not_available` or
                `quantity_below_assigned`.
        """
        for package in packages:
            self.require_package(package)
        for add_on in add_ons:
            if self.catalogue.add_on(add_on) is None:
                raise Refusal(RefusalCode.UNKNOWN_ADD_ON, details={"code": add_on})
        known = {(quantity.kind, quantity.code): quantity for quantity in present}
        wanted = {(UnitKind.PACKAGE, code): units for code, units in packages.items()}
        wanted |= {(UnitKind.ADD_ON, code): units for code, units in add_ons.items()}
        for (kind, code), units in wanted.items():
            if not 0 <= units <= MOST_UNITS:
                raise Refusal(RefusalCode.INVALID_QUANTITY, details={"code": code, "requested": units})
            before = known.get((kind, code))
            limit, assigned = (0, 0) if before is None else (before.limit, before.assigned)
            if kind is UnitKind.ADD_ON and units > limit:
                self.require_add_on(code)
            if units < assigned:
                details = {"code": code, "limit": limit, "assigned": assigned, "requested": units}
                raise Refusal(RefusalCode.QUANTITY_BELOW_ASSIGNED, details=details)
        limits = {key: quantity.limit for key, quantity in known.items()} | wanted
        if not limits.get((UnitKind.PACKAGE, creation)):
            raise Refusal(RefusalCode.INVALID_QUANTITY, details={"code": creation, "requested": 0})

    def _is_lower(self, package: str, other: str) -> bool:
        """Whether a package is less than another; one that is not on offer any more compares with none."""
        one, two = self.catalogue.package(package), self.catalogue.package(other)
        return one is not None and two is not None and one.level < two.level


def role_of(roles: Iterable[str]) -> Role:
    """The one role that a user has at the customer, among those that are none of wholesale's."""
    return max((Role(role) for role in roles if role in RANKS), key=RANKS.__getitem__, default=Role.USER)
