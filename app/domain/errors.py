"""Errors that any floor may raise and the front ends know how to tell people about.

A refusal of an entry is not an error: see `app.domain.outcomes`.
"""

from collections.abc import Mapping


class Worded(Exception):
    """An error with words for people: a template, and values for the %(name)s places in it.

    `str()` is the English text. A front end in another language translates the template, then fills it in.
    """

    def __init__(self, template: str = "", **values: object) -> None:
        super().__init__(template)
        self.template = template
        self.values = values

    def __str__(self) -> str:
        return filled(self.template, {name: _english(value) for name, value in self.values.items()})


def filled(template: str, values: Mapping[str, str]) -> str:
    """The template with the values in their places; without values it is taken as it stands."""
    return template % values if values else template


def _english(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


class PrizewellError(Worded):
    """Something the caller did cannot be done; the text says what to do instead."""


class NotFound(PrizewellError):
    """No such campaign, tier, prize, partner or account."""


class Conflict(PrizewellError):
    """The request contradicts what is stored (a name that is taken, a rule that is already fixed)."""


class StaleEdit(Conflict):
    """The row was changed by somebody else since the form was shown; nothing was written."""


class InvalidInput(PrizewellError):
    """A value is out of its range; `field` names the form field or option it belongs to."""

    def __init__(self, field: str, template: str, **values: object) -> None:
        super().__init__(template, **values)
        self.field = field

    @classmethod
    def of(cls, field: str, error: Worded) -> "InvalidInput":
        """What a parser had against the value, told of that field."""
        return cls(field, error.template, **error.values)


class Busy(PrizewellError):
    """Too many writers are waiting; try again after `retry_after` seconds. Nothing was written."""

    def __init__(self, retry_after: int = 2) -> None:
        super().__init__("too many people at once; please try again in a moment")
        self.retry_after = retry_after


class SeedUnreadable(PrizewellError):
    """The campaign's seed cannot be decrypted: entries close until its key is back."""


class SecretUnreadable(PrizewellError):
    """The secret of a second factor cannot be decrypted: it has to be reset."""


class CommitUnknown(Worded):
    """The connection was lost during a commit: whether it took place nobody here can tell."""

    def __init__(self) -> None:
        super().__init__(
            "the database went away while saving; look whether it was saved before you try again"
        )
