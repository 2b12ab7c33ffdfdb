"""Ports for servers of the stack, which listen a moment after they were told where."""

import socket

from workers.stack.ports import LOOPBACK, free_port


def test_ports_are_given_once() -> None:
    """What nobody listens on yet is not given to a second server; nor is what the system itself could give away."""
    ports = [free_port() for _ in range(1000)]
    assert len(set(ports)) == len(ports)
    with socket.socket() as somebody:
        somebody.bind((LOOPBACK, 0))
        assert max(ports) < somebody.getsockname()[1]


def test_a_port_in_use_is_not_given() -> None:
    """All of the range are asked for, twice: one that somebody listens on is never among them."""
    with socket.socket() as somebody:
        somebody.bind((LOOPBACK, free_port()))
        somebody.listen()
        assert somebody.getsockname()[1] not in {free_port() for _ in range(26_000)}
