"""Texts that staff type in, checked the same way wherever they come from."""

import unicodedata

from app.domain.errors import InvalidInput
from app.domain.texts import is_showable, is_visible


def one_line(field: str, text: str, longest: int) -> str:
    """The text in one line, trimmed, normalised. Raises InvalidInput when empty, too long or unprintable."""
    plain = unicodedata.normalize("NFC", text).strip()
    if not 1 <= len(plain) <= longest:
        raise InvalidInput(field, "use 1 to %(limit)s characters", limit=longest)
    if not (is_showable(plain) and is_visible(plain)):
        raise InvalidInput(field, "leave out line breaks and control characters")
    return plain


def many_lines(field: str, text: str, longest: int) -> str:
    """The text with plain line ends, possibly empty. Raises InvalidInput when too long or unprintable."""
    plain = unicodedata.normalize("NFC", text).replace("\r\n", "\n").replace("\r", "\n").strip()
    if len(plain) > longest:
        raise InvalidInput(field, "use at most %(limit)s characters", limit=longest)
    if not is_showable(plain.replace("\n", "").replace("\t", "")):
        raise InvalidInput(field, "leave out control characters")
    return plain
