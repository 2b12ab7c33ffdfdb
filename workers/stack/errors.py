"""The one error of the development stack: a sentence that says what to do."""


class StackError(Exception):
    """A piece of the stack cannot start; the message is one sentence for the person at the terminal.

    Entry points print it without a traceback.
    """
