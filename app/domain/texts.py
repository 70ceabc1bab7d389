"""Characters in texts that people type: what is kept, and what is not."""

import unicodedata

# What turns the direction of the text after it: a name with one of these lies about its neighbours.
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_UNFIT = frozenset(["Cc", "Cs", "Zl", "Zp"])
_UNSEEN = frozenset([*_UNFIT, "Cf", "Zs"])


def is_showable(text: str) -> bool:
    """True when each character has a place in a line of text.

    Not so: line breaks, control characters, half characters, and what turns the direction of the text. Spaces
    of any width are fine, and so are the joiners and soft hyphens that come with emoji, with Persian, and
    from word processors.
    """
    return all(unicodedata.category(char) not in _UNFIT and char not in _TURNING for char in text)


def is_visible(text: str) -> bool:
    """True when there is something to see in the text."""
    return any(unicodedata.category(char) not in _UNSEEN for char in text)
