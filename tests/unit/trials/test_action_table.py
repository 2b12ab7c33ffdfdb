"""What can be done to a trial in which state, against the table of the requirements typed in by hand (18.1)."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenure.contracts.trial import TrialState
from tenure.policy import trial as rule
from tenure.policy.trial import Action

_CODES = {"+": None, "w": "wrong_state", "n": "not_pending", "g": "grace_over", "i": "irreversible"}
_TABLE = """
                 pending_consent awaiting_details provisioning active grace converted cancelled ended
resend                  +               n               n         n     n       n         n       n
cancel                  +               +               +         +     +       w         w       w
provide_details         w               +               +         w     w       w         w       w
extend                  w               w               w         +     +       w         w       g
edit                    w               w               w         +     w       w         w       g
convert                 w               w               w         +     +       w         w       g
assign                  w               w               w         +     w       w         w       i
"""
_STATES, *_ROWS = [line.split() for line in _TABLE.strip().splitlines()]
TABLE = {(row[0], state): _CODES[cell] for row in _ROWS for state, cell in zip(_STATES, row[1:], strict=True)}
_THEN = {"pending_consent": "cancelled", "active": "grace", "grace": "ended"}
END = datetime(2027, 3, 28, 1, tzinfo=UTC)


def test_the_table_is_whole() -> None:
    """Every action and every state stands in it (18.1)."""
    assert TABLE.keys() == {(action.value, state.value) for action in Action for state in TrialState}


@pytest.mark.parametrize(("action", "state"), TABLE)
def test_what_can_be_done(action: str, state: str) -> None:
    """Before its end a state answers as the table says (18.1, XC-05)."""
    until = END if state in _THEN else None
    assert (
        rule.refuse(Action(action), TrialState(state), until, END - timedelta(microseconds=1)) == TABLE[action, state]
    )


@given(st.sampled_from(sorted(TABLE)), st.timedeltas(timedelta(0), timedelta(days=100)))
def test_at_its_end_a_state_is_over(cell: tuple[str, str], after: timedelta) -> None:
    """From the very instant on the next column answers, though nothing has carried the end out (CO-06, CO-12, TC-05, TC-06, XC-03)."""
    action, state = cell
    answer = rule.refuse(Action(action), TrialState(state), END if state in _THEN else None, END + after)
    assert answer == TABLE[action, _THEN.get(state, state)]
