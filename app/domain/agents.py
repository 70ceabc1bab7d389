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


def agent_words(header: str) -> str:
    """Browser and system of a User-Agent header, such as "Firefox, Linux"; empty when neither is known."""
    names = (_first(header, _BROWSERS), _first(header, _SYSTEMS))
    return ", ".join(filter(None, names))


def _first(header: str, marks: tuple[tuple[str, str], ...]) -> str:
    return next((name for mark, name in marks if mark in header), "")
