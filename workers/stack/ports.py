"""TCP ports on the loopback interface."""

import itertools
import random
import socket
from typing import Final

from workers.stack.errors import StackError

LOOPBACK: Final = "127.0.0.1"
_RANGE: Final = range(20_000, 32_768)
"""Below what systems hand out by themselves, to connections and to whoever binds port 0, and all of it open to browsers."""
_candidates: Final = itertools.cycle(random.SystemRandom().sample(_RANGE, len(_RANGE)))


def free_port() -> int:
    """Return a port that nobody listens on at this moment.

    What is to listen there does so moments later. So the port is none that the system could give to somebody else
    meanwhile, and none that this process was given before: a Temporal takes nine at once, and of nine that the system
    picks, two are the same in one start of 400.

    Raises:
        StackError: Every port of the range is taken.
    """
    for port in itertools.islice(_candidates, len(_RANGE)):
        with socket.socket() as probe:
            # As servers do, so that connections of a server that just ended, lingering in TIME_WAIT, do not count.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                continue
        return port
    raise StackError(f"Every port from {_RANGE.start} to {_RANGE.stop - 1} of {LOOPBACK} is taken.")


def claim_port(port: int, what: str, way_out: str) -> int:
    """Return `port` after checking that it is free, or any free port where it is 0.

    Args:
        port: The wanted port; 0 for any.
        what: What is to listen there, for the message.
        way_out: The option or variable that chooses another port.

    Raises:
        StackError: The port is taken.
    """
    if port == 0:
        return free_port()
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as above
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            raise StackError(
                f"{what} cannot listen on port {port} ({error.strerror}): stop what uses it, or choose another port with {way_out}."
            ) from error
    return port
