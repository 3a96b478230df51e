"""How asking Pendo ends where it does not end well."""


class PullFailed(Exception):
    """A month cannot be pulled; the message is one line: what was found, and what to do.

    ``lasting`` says that no other month can be either, until somebody mends something;
    ``reached`` whether Pendo was.
    """

    def __init__(self, line: str, *, lasting: bool = False, reached: bool = True) -> None:
        super().__init__(line)
        self.lasting, self.reached = lasting, reached


class TooMuch(Exception):
    """A request that may be answered if it asks for less; the message says what was found.

    ``by_settings`` says that settings may help as well: those of rows and of time.
    """

    def __init__(self, found: str, *, by_settings: bool = False) -> None:
        super().__init__(found)
        self.by_settings = by_settings


class NotWhole(Exception):
    """An answer that is not as it should be, and may be the next time; the message says why."""
