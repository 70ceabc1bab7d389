"""Errors that any floor may raise and the front ends know how to tell people about.

A refusal of an entry is not an error: see `app.domain.outcomes`.
"""


class PrizewellError(Exception):
    """Something the caller did cannot be done; the text says what to do instead."""


class NotFound(PrizewellError):
    """No such campaign, tier, prize, partner or account."""


class Conflict(PrizewellError):
    """The request contradicts what is stored (a name that is taken, a rule that is already fixed)."""


class StaleEdit(Conflict):
    """The row was changed by somebody else since the form was shown; nothing was written."""


class InvalidInput(PrizewellError):
    """A value is out of its range; `field` names the form field or option it belongs to."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class Busy(PrizewellError):
    """Too many writers are waiting; try again after `retry_after` seconds. Nothing was written."""

    def __init__(self, retry_after: int = 2) -> None:
        super().__init__("too many people at once; please try again in a moment")
        self.retry_after = retry_after


class SeedUnreadable(PrizewellError):
    """The campaign's seed cannot be decrypted: entries close until its key is back."""
