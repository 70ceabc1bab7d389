"""Sources: what the link said that led to an entry (UTM), as tidy words. Bounded, and never a person."""

import unicodedata
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from app.domain.texts import is_showable

MOST = 60
_LONGEST_ADDRESS = 2000
_MOST_FIELDS = 40
_NAMES = ("source", "medium", "campaign")


@dataclass(frozen=True, slots=True)
class Source:
    """Where an entry came from; an empty word is not known. `device` is a class of devices."""

    utm_source: str = ""
    utm_medium: str = ""
    utm_campaign: str = ""
    device: str = ""


def source_of(address: str, device: str = "") -> Source:
    """What the address of the page with the form says; whatever cannot be read is left out."""
    try:
        query = urlsplit(address[:_LONGEST_ADDRESS]).query
        fields = dict(parse_qsl(query, max_num_fields=_MOST_FIELDS))
    except ValueError:
        return Source(device=device)
    source, medium, campaign = (_word(fields.get(f"utm_{name}", "")) for name in _NAMES)
    return Source(source, medium, campaign, device)


def _word(text: str) -> str:
    """In small letters, so that one source is not counted as two; an address of a person is none."""
    word = unicodedata.normalize("NFKC", text).strip().lower()
    return word if len(word) <= MOST and is_showable(word) and "@" not in word else ""
