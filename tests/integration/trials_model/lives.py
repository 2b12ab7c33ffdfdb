"""Random lives: how an organisation begins, and what happens to it."""

from collections.abc import Mapping

from hypothesis import strategies as st

from tests.integration.trials_model.changes import Assign, Buy, Cancel, Convert, Edit, Expire, Extend
from tests.integration.trials_model.moves import (
    SERVICES,
    STRAY,
    Accept,
    Attempt,
    Build,
    Decline,
    Move,
    Onward,
    Pass,
    Provide,
    Request,
    Resend,
)
from tests.integration.trials_model.races import Race
from tests.integration.trials_model.table import Scene

_WHICH = st.integers(0, STRAY)
_PARTNER = st.integers(0, 1)
_BY = st.sampled_from((0, 0, 0, 0, 0, 0, 1, 2))
_YES = st.sampled_from((True, True, True, False))
_SOME = st.frozensets(st.sampled_from(SERVICES), min_size=1, max_size=2)
_ANY = st.frozensets(st.sampled_from(SERVICES))
_PERSON = st.sampled_from(("full", "full", "full", "admin", "user"))
_LIKELY: Mapping[st.SearchStrategy[Move], int] = {
    st.builds(Pass, st.sampled_from((0, 0, 0, 1, 2)), st.sampled_from((0, 0, -1, 1, 90)), st.booleans()): 9,
    st.builds(Race, _WHICH, _WHICH, st.sampled_from((0, 0, -1, 1)), st.integers(0, 6)): 4,
    st.builds(Onward, _WHICH, st.just(0), st.booleans()): 8,
    st.builds(Request, _PARTNER, _SOME, _PERSON | st.just("stranger"), st.just(30), st.just(True), st.just(True)): 6,
    st.builds(Request, _PARTNER, _ANY, st.just("full"), st.sampled_from((30, 60, 90)), _YES, st.just(False)): 1,
    st.builds(Accept, _WHICH, st.just(0), _PERSON, st.booleans()): 1,
    st.builds(Decline, _WHICH, st.just(0), _PERSON): 1,
    st.builds(Resend, _WHICH, _BY): 1,
    st.builds(Provide, _WHICH, _BY): 1,
    st.builds(Build, _WHICH, st.just(0), _SOME): 2,
    st.builds(Extend, _WHICH, _BY, st.sampled_from((0, 1, 6, 7, 8, 15, 30, 31)), _YES): 3,
    st.builds(Edit, _WHICH, _BY, _ANY): 3,
    st.builds(Cancel, _WHICH, _BY, _YES): 1,
    st.builds(Assign, _WHICH, _BY, st.frozensets(st.sampled_from(("full", "admin", "user")))): 3,
    st.builds(Convert, _WHICH, st.just(0), _SOME, st.sampled_from((None, 0, 1)), _YES): 2,
    st.builds(Buy, _SOME): 1,
    st.builds(Expire, _WHICH): 1,
    st.builds(Attempt, st.lists(st.integers(0, 20), min_size=1, max_size=4).map(tuple), st.booleans()): 4,
}
SCENES = st.builds(
    Scene,
    new=st.sampled_from((False, False, True)),
    owns_messaging=st.sampled_from((False, False, True)),
    managed=st.sampled_from((None, None, "provisioning", "full")),
    tier2=st.booleans(),
)
LIVES = st.lists(
    st.sampled_from([move for move, times in _LIKELY.items() for _ in range(times)]).flatmap(lambda move: move),
    min_size=20,
    max_size=40,
)
