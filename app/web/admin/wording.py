"""Sentences that several pages of the console say alike."""

from flask_babel import ngettext

from app.web.filters import grouped


def withdrawal(free: int) -> str:
    """How many free codes a removal withdraws."""
    text: str = ngettext(
        "%(count)s free code is withdrawn and can no longer be won.",
        "%(count)s free codes are withdrawn and can no longer be won.",
        free,
        count=grouped(free),
    )
    return text


def staying(won: int) -> str:
    """How many won codes a removal leaves alone."""
    text: str = ngettext(
        "%(count)s won code stays valid.", "%(count)s won codes stay valid.", won, count=grouped(won)
    )
    return text
