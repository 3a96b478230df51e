"""The error that a header raises."""


class NotUnderstood(Exception):
    """A header that is no export's: what is wrong, what to do, and the column at fault if one."""

    def __init__(self, what: str, todo: str, column: str | None = None) -> None:
        super().__init__(f"{what}; {todo}")
        self.what, self.todo, self.column = what, todo, column
