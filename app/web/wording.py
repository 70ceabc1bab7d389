"""The messages of services as sentences of the page, in its language."""

from enum import StrEnum

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.domain.eligibility import CampaignStatus
from app.domain.errors import Worded, filled
from app.domain.reveals import Reveal
from app.web.filters import grouped

REVEAL_NAMES = {
    Reveal.PLAIN.value: _l("At once"),
    Reveal.SCRATCH.value: _l("Scratch card"),
    Reveal.WHEEL.value: _l("Wheel"),
    Reveal.SLOTS.value: _l("Three reels"),
    Reveal.GIFT.value: _l("Gift box"),
}


def told(error: Worded) -> str:
    """What an error says, translated, with its figures and words in the page's language."""
    # The templates are collected where the errors are raised: see tool.babel in pyproject.toml.
    template = str(_(error.template))
    return sentence(filled(template, {name: _spoken(value) for name, value in error.values.items()}))


def sentence(text: str) -> str:
    """A message with a capital at its start and a stop at its end."""
    text = text.strip()
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "?", "…")) else ".")


def _spoken(value: object) -> str:
    if isinstance(value, Worded):  # a message inside a message
        return told(value)
    if isinstance(value, int):
        return grouped(value)
    return _status_words().get(value, str(value)) if isinstance(value, StrEnum) else str(value)


def _status_words() -> dict[StrEnum, str]:
    return {
        CampaignStatus.DRAFT: _("a draft"),
        CampaignStatus.OPEN: _("open"),
        CampaignStatus.PAUSED: _("paused"),
        CampaignStatus.CLOSED: _("closed"),
    }
