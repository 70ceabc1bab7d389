"""Search keys: under which beginnings a person is found, however the name is written.

Accents, case and the Turkish i's make no difference, nor do compatibility forms: "Yilmaz", "YILMAZ" and
"yılmaz" find Ayşe Yılmaz. A key is found by its beginning, which is what an index can answer at any size.
"""

import re
import unicodedata

MAX_LENGTH = 254
MAX_WORDS = 6
# Past every text that begins alike: the greatest character there is, in the order of bytes too.
LAST = "\U0010ffff"

_WORD = re.compile(r"[^\s\-]+")


def search_key(text: str) -> str:
    """The text as it is looked for: folded, without accents, spaces made single, at most MAX_LENGTH long."""
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    bare = "".join(sign for sign in folded if unicodedata.category(sign) != "Mn")
    return " ".join(bare.replace("ı", "i").replace("\0", "").split())[:MAX_LENGTH]


def keys_of(name: str, email: str) -> tuple[str, ...]:
    """The keys of one person: the name from each of its first words on, and the address; none twice."""
    folded = search_key(name)
    starts = [found.start() for found in _WORD.finditer(folded)][:MAX_WORDS]
    return tuple(dict.fromkeys([*(folded[start:] for start in starts), search_key(email)]))
