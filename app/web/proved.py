"""Whose addresses were proved in this browser: its session keeps it, so that nobody is asked twice."""

from uuid import UUID

from flask import session

_PEOPLE, _FRESH = "proved", "fresh"
MOST = 5


def remember(entrant_id: UUID, entry_id: UUID) -> None:
    """This browser is that person's, and the result of that entry is about to be seen for the first time."""
    others = [each for each in _stored() if each != entrant_id.hex]
    session[_PEOPLE] = [entrant_id.hex, *others][:MOST]
    expect(entry_id)


def expect(entry_id: UUID) -> None:
    """The result of that entry is about to be seen for the first time."""
    session[_FRESH] = entry_id.hex


def people() -> frozenset[UUID]:
    """Who has proved an address in this browser."""
    return frozenset(UUID(hex=each) for each in _stored())


def is_first_look(entry_id: UUID) -> bool:
    """Whether the result of that entry is shown for the first time; asked once."""
    if session.get(_FRESH) != entry_id.hex:
        return False
    del session[_FRESH]
    return True


def _stored() -> list[str]:
    # Signed by us: what stands there, we put there.
    return list(session.get(_PEOPLE, []))
