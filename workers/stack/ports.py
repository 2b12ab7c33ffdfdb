"""TCP ports on the loopback interface."""

import socket
from typing import Final

from workers.stack.errors import StackError

LOOPBACK: Final = "127.0.0.1"


def free_port() -> int:
    """Return a port nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


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
        # As servers do, so that connections of a server that just ended, lingering in TIME_WAIT, do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            raise StackError(
                f"{what} cannot listen on port {port} ({error.strerror}): stop what uses it, or choose another port with {way_out}."
            ) from error
    return port
