"""Run one server and end it as soon as the process that wanted it is gone.

Started as a script of its own, standard library only:

    python guard.py SIGNAL GRACE USER COMMAND...

The guard's standard input is a pipe whose other end the stack holds. It closes when the stack stops the server and, by
the kernel's doing, however else the stack may end, so that not even `kill -9` leaves a server behind. Then the server
is sent SIGNAL (by number) and, should it still run GRACE seconds later, SIGKILL. USER is the account the server runs
as; empty for ours. The guard's exit code is the server's, or 128 plus the signal that ended it.
"""

import os
import pwd
import signal
import subprocess
import sys
import threading


def main(stop_signal: int, grace: float, user: str, command: list[str]) -> int:
    """Run `command` to its end and return its exit code."""
    server = subprocess.Popen(  # noqa: S603
        command,
        stdin=subprocess.DEVNULL,
        user=user or None,
        group=pwd.getpwnam(user).pw_gid if user else None,
        extra_groups=[] if user else None,
    )

    def stop() -> None:
        server.send_signal(stop_signal)
        try:
            server.wait(grace)
        except subprocess.TimeoutExpired:
            server.kill()

    def watch() -> None:
        os.read(sys.stdin.fileno(), 1)  # returns at the end of the pipe: nobody writes to it
        stop()

    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=stop, daemon=True).start())
    threading.Thread(target=watch, daemon=True).start()
    code = int(server.wait())
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    _, number, seconds, account, *words = sys.argv
    sys.exit(main(int(number), float(seconds), account, words))
