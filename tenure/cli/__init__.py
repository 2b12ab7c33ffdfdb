"""The command line: a client like any other.

Exit codes: 0 done; 1 refused by the rules; 2 an argument, a file or a setting is wrong; 3 Tenure does not answer; 4 the
report that was handed in is none, or none of ours.
"""

from typing import NoReturn

from stamina.instrumentation import set_on_retry_hooks

from tenure import exit as ending
from tenure.cli.commands import app


def main() -> NoReturn:
    """Run the command that the arguments name, and leave with its exit code."""
    set_on_retry_hooks(())  # what is worth saying of a retry is said when the last one has failed
    ending.call(app)
