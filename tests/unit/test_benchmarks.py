"""The benchmarks' own honesty: what is sent is what the oracle expects, and a wrong row voids a round."""

from datetime import UTC, datetime, timedelta

import pytest

from benchmarks import page
from benchmarks.arena import VoidRoundError, compare
from benchmarks.scale import Shape
from benchmarks.traffic import Traffic
from tenure.policy.activity import fold
from web.batches import NDJSON, read


@pytest.mark.parametrize("shape", Shape)
def test_the_oracle_expects_what_is_sent(shape: Shape) -> None:
    """Read back from the bytes that are sent, every event is there, and the newest of each organisation is as expected."""
    traffic = Traffic(shape, 50, 1000, 3)
    batches = [read(NDJSON, body) for body in traffic.bodies(300)]
    assert [len(batch.events) for batch in batches] == [300, 300, 300, 100]
    assert not any(batch.rejected for batch in batches)
    events = [event for batch in batches for event in batch.events]
    assert {key: event.at for key, event in fold(events).items()} == traffic.newest()
    assert sum(traffic.counts().values()) == len(events)
    assert traffic.counts().keys() == traffic.newest().keys()


@pytest.mark.parametrize("shape", Shape)
def test_every_event_of_a_round_is_news(shape: Shape) -> None:
    """A round's events are all later than those of the round before, and none lies in the future."""
    rounds = [sorted(Traffic(shape, 50, 1000, number).newest().values()) for number in (7, 8)]
    assert rounds[0][-1] < rounds[1][0]
    assert rounds[1][-1] < datetime.now(UTC)


def test_traffic_has_the_shape_that_it_says() -> None:
    """Uniform traffic reaches everybody, skewed traffic has favourites, and hot traffic has one."""
    shares = {
        shape: max(Traffic(shape, 100, 20_000, 1).counts().values()) / 20_000 for shape in (Shape.UNIFORM, Shape.ZIPF)
    }
    assert shares[Shape.UNIFORM] < 0.02
    assert 0.15 < shares[Shape.ZIPF] < 0.35
    assert len(Traffic(Shape.HOT, 100, 1000, 1).counts()) == 1


def test_a_wrong_row_voids_the_round() -> None:
    """An organisation that is missing, invented, or says another instant is found out."""
    at = datetime(2026, 3, 1, tzinfo=UTC)
    right = {"org_a": at, "org_b": at}
    compare(dict(right), right)
    for wrong in ({"org_a": at}, right | {"org_c": at}, right | {"org_b": at - timedelta(microseconds=1)}):
        with pytest.raises(VoidRoundError, match="1 organisations are wrong"):
            compare(wrong, right)


def test_the_page_shows_what_is_kept() -> None:
    """The page in the docs is made of the newest figures that are kept, and of nothing else."""
    assert page.PAGE.read_text() == page.render(page.newest())
