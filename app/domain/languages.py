"""The languages Prizewell speaks."""

from collections.abc import Sequence

DEFAULT = "en"
STAFF = ("en", "tr")  # of the console
ENTRANTS = ("en", "tr", "de", "es", "ar")  # of the pages and mails that visitors see
RIGHT_TO_LEFT = frozenset({"ar"})


def spoken(wanted: str | None, languages: Sequence[str] = ENTRANTS) -> str | None:
    """The language that a tag such as `de-AT` or `TR` names, if it is one of these."""
    language = (wanted or "").replace("_", "-").partition("-")[0].lower()
    return language if language in languages else None


def direction(language: str) -> str:
    """`rtl` or `ltr`, as HTML has it."""
    return "rtl" if language in RIGHT_TO_LEFT else "ltr"
