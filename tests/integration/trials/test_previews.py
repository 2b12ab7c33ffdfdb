"""Mails about trials as they would be written, for whatever stands at the moment (WH-03)."""

import pytest

from adapters.mail.writer import TemplateWriter
from tenure.contracts.device import ShipDevices
from tenure.contracts.notice import NoticeKind, TrialMatter
from tenure.errors import Refusal, RefusalCode
from tests.integration.deletion.town import DAY, OPERATOR, SERVICE, Town
from tests.integration.trials.fairground import Fairground

write = TemplateWriter().write
KINDS = [kind for kind in NoticeKind if kind not in {NoticeKind.SET_UP_SERVICES, NoticeKind.DEVICE_AGREEMENT}]


@pytest.mark.parametrize("kind", KINDS)
async def test_every_mail_can_be_seen_beforehand(town: Town, kind: NoticeKind) -> None:
    """Of an active trial and of a pending one, also with the dates that it does not have yet; nothing is changed (WH-03, NR-01)."""
    ground = await Fairground.open(town)
    active = await ground.trial("messaging", "calling")
    pending = await town.trials.request(SERVICE, ground.request("messaging", organisation_id=await town.organisation()))
    before = await ground.facts()
    for trial in (active, pending):
        delivery = await town.notices.preview(OPERATOR, kind, trial.organisation_id, await town.now())
        assert delivery.notice.kind is kind
        assert write(delivery).subject
        if isinstance(delivery.matter, TrialMatter):
            held = None if trial is pending else trial.ends_at and trial.ends_at + 45 * DAY
            assert delivery.matter.numbers_held_until == held
    assert await ground.facts() == before


async def test_what_there_is_nothing_to_say_of(town: Town) -> None:
    """Without a trial, an order or devices a preview is refused by its code, and no empty mail is shown (WH-03)."""
    ground = await Fairground.open(town)
    nobody = await town.organisation()
    trial = await ground.trial("messaging", "calling")
    now = await town.now()
    for organisation_id, kind, code in (
        (nobody, NoticeKind.WELCOME, RefusalCode.TRIAL_NOT_FOUND),
        (trial.organisation_id, NoticeKind.SET_UP_SERVICES, RefusalCode.ORDER_NOT_FOUND),
        (trial.organisation_id, NoticeKind.DEVICE_AGREEMENT, RefusalCode.DEVICES_NOT_SHIPPED),
    ):
        with pytest.raises(Refusal) as refusal:
            await town.notices.preview(OPERATOR, kind, organisation_id, now)
        assert refusal.value.code is code
    await ground.convert(trial, "calling", confirmed=True)
    ship = ShipDevices(trial_id=trial.trial_id, demo_order="DEMO-1", serials=("FTX1",), device_ends_at=now + DAY)
    await town.devices.ship(SERVICE, ship)
    for kind in (NoticeKind.SET_UP_SERVICES, NoticeKind.DEVICE_AGREEMENT):
        assert write(await town.notices.preview(OPERATOR, kind, trial.organisation_id, now)).subject


async def test_a_welcome_after_the_purchase(town: Town) -> None:
    """Who is welcomed late, when all is bought already, reads of the services and of no end of theirs (PV-03, TC-20, TL-01)."""
    ground = await Fairground.open(town)
    trial = await ground.trial("messaging", "calling")
    await ground.convert(trial, "messaging", "calling")
    sent = await ground.post(trial.organisation_id)
    [welcome] = [write(mail) for mail in sent if mail.notice.kind is NoticeKind.WELCOME]
    assert "All services are ready to use.\n\nServices: Calling and Messaging\n\n" in welcome.text
