"""What a campaign, a prize and a partner may be called and look like."""

import re

ACCENTS = ("indigo", "teal", "rose", "amber", "forest", "violet", "sky", "ink")
ARTWORKS = ("gift", "voucher", "coffee", "headphones", "ticket", "bag", "phone", "star", "trip", "meal")
RESERVED_SLUGS = frozenset({"new", "address", "import"})  # pages of the console stand there
YEARS = range(2000, 2101)  # in which a campaign may open and close

_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def is_slug(text: str) -> bool:
    """True for a campaign's address: 2 to 60 small letters and digits with single hyphens between."""
    return 2 <= len(text) <= 60 and _SLUG.fullmatch(text) is not None


def is_partner_slug(text: str) -> bool:
    """True for a partner's address: `[a-z0-9-]{2,40}`."""
    return re.fullmatch(r"[a-z0-9-]{2,40}", text) is not None
