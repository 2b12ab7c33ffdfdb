"""An order is set up: by whom, and for which organisation (TC-16 to TC-18)."""

import pytest

from tenure.contracts.conversion import ActingAs, TieOrder
from tenure.contracts.notice import NoticeKind, TrialMatter
from tenure.contracts.organisation import Role
from tenure.contracts.trial import TrialView
from tenure.errors import RefusalCode
from tenure.ids import OrderId
from tests.integration.deletion.town import LINKS, SERVICE
from tests.integration.trials.fairground import Fairground


async def ordered(ground: Fairground) -> tuple[TrialView, OrderId, str]:
    """A trial whose services were bought: with the order, and its customer admin's address."""
    trial = await ground.trial("messaging", "calling")
    order = ground.order(trial, "messaging")
    await ground.town.trials.convert(SERVICE, order)
    [eve] = await ground.town.fetch("select email from full_admins where organisation_id = $1", trial.organisation_id)
    return trial, order.order_id, eve["email"]


async def test_the_mail_leads_to_the_order(ground: Fairground) -> None:
    """The link of the mail is of this order and this contact, by default the ordering partner's full admin (TC-15, TC-16)."""
    trial, order_id, _ = await ordered(ground)
    [mail] = await ground.post(trial.organisation_id, NoticeKind.SET_UP_SERVICES)
    assert isinstance(mail.matter, TrialMatter)
    assert mail.matter.link is not None
    assert [service.key for service in mail.matter.services] == ["messaging"]
    token = mail.matter.link.rpartition("/")[2]
    assert LINKS.read_set_up(token) == (order_id, ground.north.head, 1)


async def test_the_customer_is_shown_to_who_knows_it(ground: Fairground) -> None:
    """Its name is shown once an admin's address was given, in whatever case, and before that to nobody (TC-17)."""
    trial, order_id, address = await ordered(ground)
    shown = await ground.town.consents.set_up(order_id)
    assert (shown.organisation_name, shown.tied_at, shown.services) == (None, None, ("messaging",))
    command = TieOrder(order_id=order_id, acting_as=ActingAs.PARTNER, admin_email=address.upper())
    planned = await ground.town.consents.plan_tie(command)
    assert (planned.organisation_name, planned.tied_at) == (trial.organisation_name, None)
    tied = await ground.town.consents.tie(SERVICE, command)
    assert (tied.organisation_id, tied.acting_as, tied.organisation_name) == (
        trial.organisation_id,
        ActingAs.PARTNER,
        trial.organisation_name,
    )
    assert tied.tied_at is not None


@pytest.mark.parametrize("acting_as", ActingAs)
async def test_tied_once(ground: Fairground, acting_as: ActingAs) -> None:
    """A second time changes nothing, whoever says to act as whom; the mail that still waits is not sent (TC-16, TL-01, P10)."""
    trial, order_id, address = await ordered(ground)
    command = TieOrder(order_id=order_id, acting_as=acting_as, admin_email=address)
    first = await ground.town.consents.tie(SERVICE, command)
    before = await ground.facts()
    for again in ActingAs:
        assert await ground.town.consents.tie(SERVICE, command.model_copy(update={"acting_as": again})) == first
    assert await ground.facts() == before
    assert await ground.post(trial.organisation_id, NoticeKind.SET_UP_SERVICES) == []
    assert (await ground.town.audit(trial.organisation_id)).count("order_tied") == 1


async def test_an_address_of_somebody_else(ground: Fairground) -> None:
    """Only an admin's of the trial's organisation matches; no second organisation ever comes of it (TC-18)."""
    trial, order_id, _ = await ordered(ground)
    await ground.person("una", trial.organisation_id, Role.USER)
    stranger = await ground.trial()
    [elsewhere] = await ground.town.fetch(
        "select email from full_admins where organisation_id = $1", stranger.organisation_id
    )
    organisations = await ground.town.value(int, "select count(*)::int from organisations")
    for address in ("una@example.com", "nobody@example.com", elsewhere["email"], "north-head@example.com"):
        command = TieOrder(order_id=order_id, acting_as=ActingAs.PARTNER, admin_email=address)
        for act in (ground.town.consents.plan_tie(command), ground.town.consents.tie(SERVICE, command)):
            assert await ground.refused(act) is RefusalCode.CUSTOMER_NOT_MATCHED
    assert await ground.town.value(int, "select count(*)::int from organisations") == organisations


async def test_any_admin_of_the_customer_matches(ground: Fairground) -> None:
    """The address may be any admin's, not the full admin's alone (TC-17)."""
    trial, order_id, _ = await ordered(ground)
    await ground.person("ada", trial.organisation_id, Role.CUSTOMER_ADMIN)
    command = TieOrder(order_id=order_id, acting_as=ActingAs.CUSTOMER_ADMIN, admin_email="ada@example.com")
    assert (await ground.town.consents.tie(SERVICE, command)).tied_at is not None


async def test_no_such_order(ground: Fairground) -> None:
    """An order that was never processed, and one of an organisation that is gone, cannot be set up (XC-05, DM-09)."""
    unknown = TieOrder(order_id=OrderId("ord_unknown"), acting_as=ActingAs.PARTNER, admin_email="ada@example.com")
    for act in (ground.town.consents.set_up(unknown.order_id), ground.town.consents.tie(SERVICE, unknown)):
        assert await ground.refused(act) is RefusalCode.ORDER_NOT_FOUND
    trial, order_id, address = await ordered(ground)
    [eve] = await ground.town.fetch(
        "select person_id from full_admins where organisation_id = $1", trial.organisation_id
    )
    await ground.delete_now(trial, eve["person_id"])
    gone = TieOrder(order_id=order_id, acting_as=ActingAs.PARTNER, admin_email=address)
    for act in (ground.town.consents.set_up(order_id), ground.town.consents.tie(SERVICE, gone)):
        assert await ground.refused(act) is RefusalCode.ORG_DELETED
