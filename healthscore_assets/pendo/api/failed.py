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
    """A request that may be answered if it asks for less; the message says what was found."""


class NotWhole(Exception):
    """An answer that is not as it should be, and may be the next time; the message says why."""
