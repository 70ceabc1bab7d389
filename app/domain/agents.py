"""Browsers in words: as much of what a browser says of itself as its owner needs to recognise it."""

# In this order: most browsers also name the ones they descend from.
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrom", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)
PHONE, TABLET, DESKTOP = "phone", "tablet", "desktop"
_ROBOTS = (
    "bot",
    "crawl",
    "spider",
    "preview",
    "facebookexternalhit",
    "headless",
    "monitor",
    "curl",
    "python",
)


def agent_words(header: str) -> str:
    """Browser and system of a User-Agent header, such as "Firefox, Linux"; empty when neither is known."""
    names = (_first(header, _BROWSERS), _first(header, _SYSTEMS))
    return ", ".join(filter(None, names))


def _first(header: str, marks: tuple[tuple[str, str], ...]) -> str:
    return next((name for mark, name in marks if mark in header), "")


def device_class(header: str) -> str:
    """Phone, tablet or desktop, as a User-Agent header tells; empty where it does not.

    A tablet that says it is a desktop, as iPads do, is taken for one.
    """
    if "iPad" in header or "Tablet" in header or ("Android" in header and "Mobile" not in header):
        return TABLET
    if "Mobi" in header or "iPhone" in header:
        return PHONE
    return DESKTOP if any(mark in header for mark in ("Windows", "Mac OS X", "Linux", "CrOS")) else ""


def is_robot(header: str) -> bool:
    """Whether it says of itself that nobody looks at its pages; so does who says nothing."""
    small = header.lower()
    return not small or any(mark in small for mark in _ROBOTS)
