"""Sentences that several pages of the console say alike."""

from flask_babel import gettext as _
from flask_babel import ngettext

from app.domain.delivery import Trouble
from app.domain.outcomes import RefusalReason
from app.web.filters import grouped
from app.web.refusal_counts import Told


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


def mail_trouble(stored: str | None) -> str:
    """Why a mail did not arrive, from what is stored of it: a word, and what the mail server answered."""
    word, _space, code = (stored or "").partition(" ")
    words: dict[str, str] = {
        Trouble.UNREACHABLE: _("the mail server does not answer"),
        Trouble.LOGIN: _("the mail server does not accept our password"),
        Trouble.NO_TLS: _("the mail server offers no encryption that can be trusted"),
        Trouble.SENDER: _("the mail server takes no mail from our address"),
        Trouble.RECIPIENT: _("this mailbox takes no mail"),
        Trouble.CONTENT: _("the mail server does not take this mail"),
        Trouble.ADDRESS: _("this address cannot be written to"),
        Trouble.TOO_OLD: _("it waited too long"),
        Trouble.GONE: _("the win is void"),
    }
    text = words.get(word) or str(_("something went wrong"))
    return f"{text} ({code})" if code else text


def not_counted(stored: str) -> str:
    """Why a friend earned nobody a further entry."""
    words: dict[str, str] = {
        "self": _("the same person"),
        "network": _("from the same network"),
        "loop": _("they had brought the other"),
        "not_first": _("had entered before"),
        "limit": _("all had been earned"),
    }
    return words.get(stored, stored)


def refusal_reason(stored: str) -> str:
    """Why submissions were not taken, from the word they are counted under."""
    words: dict[str, str] = {
        RefusalReason.ALREADY_ENTERED: _("Had entered already"),
        RefusalReason.ALREADY_ENTERED_TODAY: _("Had entered already that day"),
        RefusalReason.NOT_OPEN: _("Came before the campaign opened"),
        RefusalReason.PAUSED: _("Came during a pause"),
        RefusalReason.CLOSED: _("Came after the end"),
        RefusalReason.NONCE_USED: _("Sent somebody else’s form again"),
        RefusalReason.CAPTCHA_INVALID: _("Did not pass the check for humans"),
        RefusalReason.CAPTCHA_EXPIRED: _("Took too long over the check for humans"),
        RefusalReason.CAPTCHA_SPENT: _("Used a check for humans twice"),
        RefusalReason.FORM_CHANGED: _("Filled in a form that had changed meanwhile"),
        Told.FORM: _("Something in the form was missing or wrong"),
        Told.STALE_PAGE: _("The page had been open for too long"),
        Told.BOT: _("Filled in the form as programs do"),
        Told.TOO_MANY: _("Too many tries from one network"),
        Told.BUSY: _("Too many people at once"),
    }
    return words.get(stored, stored)
