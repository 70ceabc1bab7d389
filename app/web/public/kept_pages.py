"""Landing pages kept in memory for a few seconds: written once for all who come, with holes for what is each
visitor's own.

What a page shows is asked of the database each time, and is part of the key it is kept under: nothing that
changed is shown as it was. Only the time left may be some seconds old; the page's script counts on by itself.
"""

import re
import secrets
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Flask, g

from app.web import headers

FRESH = timedelta(seconds=10)
MOST_KEPT = 256  # pages of some 25 KB
_EXTENSION = "prizewell_pages"


@dataclass(frozen=True, slots=True)
class _Kept:
    """A page: text, name of a hole, text, … and the headers it asks for."""

    parts: tuple[str, ...]
    allowed: Mapping[str, str]
    written_at: datetime

    def is_fresh(self, now: datetime) -> bool:
        return timedelta() <= now - self.written_at < FRESH


class KeptPages:
    """The pages of one application in one process."""

    def __init__(self) -> None:
        self._kept: dict[Hashable, _Kept] = {}
        self._mark = secrets.token_hex(16)  # nobody can write it into a page
        self._holes = re.compile(f"{self._mark}-([a-z]+)-")

    def page(
        self,
        key: Hashable,
        own: Mapping[str, Callable[[], str]],
        write: Callable[[Mapping[str, str]], str],
        *,
        now: datetime,
    ) -> str:
        """The page of that key with the visitor's `own` in it, which has to be safe in HTML.

        `write` makes the page with what it is handed in their place. What no hole asks for is not made.
        """
        found = self._kept.get(key)
        if found is None or not found.is_fresh(now):
            text = write({name: f"{self._mark}-{name}-" for name in own})
            found = _Kept(tuple(self._holes.split(text)), dict(g.get("allowed", {})), now)
            if len(self._kept) >= MOST_KEPT:
                self._kept.clear()
            self._kept[key] = found
        for directive, sources in found.allowed.items():
            headers.allow(directive, sources)
        texts, holes = found.parts[::2], found.parts[1::2]
        made = {name: own[name]() for name in dict.fromkeys(holes)}
        return texts[0] + "".join(made[hole] + text for hole, text in zip(holes, texts[1:], strict=True))


def register(app: Flask) -> None:
    """Keep the pages of this application."""
    app.extensions[_EXTENSION] = KeptPages()


def of(app: Flask) -> KeptPages:
    """The pages of that application."""
    found: KeptPages = app.extensions[_EXTENSION]
    return found
