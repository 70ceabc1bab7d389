"""Texts that staff type in, checked the same way wherever they come from."""

import unicodedata

from app.domain.errors import InvalidInput
from app.domain.texts import is_showable, is_visible

MIN_PASSWORD = 12
MAX_PASSWORD = 128


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


def check_new_password(password: str, email: str) -> None:
    """Raise InvalidInput with field "password" for one that will not do for that address."""
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise InvalidInput(
            "password", "use %(least)s to %(most)s characters", least=MIN_PASSWORD, most=MAX_PASSWORD
        )
    if unicodedata.normalize("NFKC", password).strip().lower() == email:
        raise InvalidInput("password", "use something else than your e-mail address")
