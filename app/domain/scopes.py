"""What an API key may be used for. Each scope stands by itself: none covers another."""

from enum import StrEnum


class Scope(StrEnum):
    """A scope of an API key."""

    VALIDATE = "codes:validate"
    LOOK_UP = "codes:lookup"
    REDEEM = "redemptions:write"
    READ = "redemptions:read"
    FIGURES = "figures:read"


def read_scopes(text: str) -> frozenset[Scope]:
    """The scopes written with spaces between; words that are none (any more) grant nothing."""
    known = {scope.value: scope for scope in Scope}
    return frozenset(known[word] for word in text.split() if word in known)


def write_scopes(scopes: frozenset[Scope]) -> str:
    """The scopes as they are kept, always in the same order."""
    return " ".join(scope.value for scope in Scope if scope in scopes)
