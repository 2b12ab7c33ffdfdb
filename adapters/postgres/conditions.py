"""The conditions of a list: those alone that somebody has asked for, so that the database plans for them and no others."""

import asyncpg

from adapters.postgres.database import Connection


class Conditions:
    """Conditions with their parameters, in the order of their places. Their text is ours, and never anybody's input."""

    def __init__(self, *parameters: object) -> None:
        """Begin with what the statement has in any case, as `$1` and so on."""
        self.parameters: list[object] = list(parameters)
        self._texts: list[str] = []

    def place(self, value: object) -> str:
        """The place of another parameter, such as `$3`."""
        self.parameters.append(value)
        return f"${len(self.parameters)}"

    def ask(self, text: str, value: object) -> None:
        """Ask for something with `{}` where the value stands; None asks for nothing."""
        if value is not None:
            self.require(text.format(self.place(value)))

    def require(self, text: str) -> None:
        """Ask for something whose values have their places."""
        self._texts.append(text)

    @property
    def text(self) -> str:
        """All of them, each after an `and`."""
        return "".join(f" and {text}" for text in self._texts)

    def first_of(self, select: str, order: str, limit: int, *, whole: bool) -> str:
        """The first rows of a select that ends in its `where`.

        Whoever looks for a rare name in the order of an index reads all of it, row by row: `whole` finds all rows
        first, and orders what is found.
        """
        fence = " offset 0" if whole else ""
        return f"select * from ({select}{self.text}{fence}) as found order by {order} limit {self.place(limit)}"  # noqa: S608

    async def fetch(self, connection: Connection, statement: str) -> list[asyncpg.Record]:
        """The rows of a statement with these parameters, in a transaction, planned for their very values.

        A partner with ten customers and one with a fifth of all want other ways, and a plan that was kept knows neither.
        """
        await connection.execute("set local plan_cache_mode = force_custom_plan")
        return await connection.fetch(statement, *self.parameters)
