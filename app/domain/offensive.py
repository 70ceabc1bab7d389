"""Words that must not stand in a generated code, read with the eyes of a person who gets it.

The words are English and Turkish (without dots and tails). Text and words are both folded to look-alike
classes first, so that `5H1T`, `FVCK` and `AN4L` are found; the alphabet of codes has no I, L, O and U.
"""

from collections.abc import Iterator

_FOLD = str.maketrans("OILUEASTBGZ9", "011V34578626")

_ENGLISH = """
    ANAL ANUS ARSE ASS BITCH BOLLOCK BOOB CLIT COCK CRAP CUM CUNT DICK DILDO DYKE FAG FART FUC FUK FVK
    GENITAL HITLER HOMO JIZZ KIKE KKK LESBO MILF NAZI NEGRO NIGGA NIGGER ORGASM PEDO PENIS PISS POOP PORN
    PRICK PUBES PUSSY RAPE RETARD SCUM SEX SHAG SHIT SKANK SLUT SPASTIC SPIC SUCK TIT TRANNY TURD TWAT
    VAGINA WANK WHORE WTF XXX 1488
"""
_TURKISH = """
    AMCIK AMINA AMK AMQ ANANI BOK DALLAMA FAHISE GAVAT GERZEK GOT HASIKTIR IBNE KAHPE KALTAK KANCIK KEVASE
    MAL OROSPU PEZEVENK PIC PUST SALAK SEREFSIZ SIK SOKAYIM SURTUK TASAK TASSAK YARAK YARRAK YAVSAK ZIK
"""


def fold(text: str) -> str:
    """Return upper-case ASCII text with look-alike symbols made equal; the length stays the same."""
    return text.translate(_FOLD)


_FOLDED = {fold(word) for word in (_ENGLISH + _TURKISH).split()}
LONGEST_WORD = max(map(len, _FOLDED))
FOLD_TABLE = bytes(ord(fold(chr(byte))) if byte < 128 else byte for byte in range(256))
# A word with another one inside is found with that one.
_NEEDLES = [
    word.encode() for word in sorted(_FOLDED) if not any(other != word and other in word for other in _FOLDED)
]


def find_words(folded: bytes) -> Iterator[int]:
    """Yield the places, in no order, where one of the words begins in folded text."""
    # Plain searches, one per word, take a third of the time of one regular expression with all of them.
    for word in _NEEDLES:
        place = folded.find(word)
        while place >= 0:
            yield place
            place = folded.find(word, place + 1)


def is_offensive(text: str) -> bool:
    """Say whether the text, dashes left out, holds one of the words."""
    return any(True for _ in find_words(fold(text.replace("-", "").upper()).encode()))
