"""Promo codes: how they are made, checked, compared and shown masked.

A generated code is `PREFIX-XXXX-XXXX-XXXX-XXXX` in Crockford's base 32 (no I, L, O, U): 15 random symbols, 75
bits, and one check symbol; or it is a group of four shorter or longer. Symbols are elements of GF(2^5) modulo
x^5 + x^2 + 1, position i = 0 … weighs alpha^i (alpha = x), and the weighted sum of all of them is zero. The
weights are distinct and none is zero, so every wrong symbol and every swap of two different symbols changes
the sum. The prefix takes no part: it may hold any letter.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from fractions import Fraction

from app.domain.chance import Rng
from app.domain.errors import Worded
from app.domain.offensive import FOLD_TABLE, LONGEST_WORD, find_words, fold

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
RANDOM_SYMBOLS = 15
SYMBOLS = RANDOM_SYMBOLS + 1
LENGTHS = (12, SYMBOLS, 20)  # with the check symbol
MAX_LENGTH = 64
MAX_PREFIX = MAX_LENGTH - len("-XXXX-XXXX-XXXX-XXXX")
GUESS_RISK_LIMIT = Fraction(1, 10**6)

_BATCH = 16384
_PATIENCE = 8
_MAX_TYPED = 200

_PREFIX = re.compile(r"[A-Z0-9]{1,12}(?:-[A-Z0-9]{1,12})*", re.ASCII)
_BODY = {length: re.compile(f"[{ALPHABET}]{{{length}}}") for length in LENGTHS}
_GENERATED = {
    length: re.compile(
        f"(?:({_PREFIX.pattern})-)?((?:[{ALPHABET}]{{4}}-){{{length // 4 - 1}}}[{ALPHABET}]{{4}})", re.ASCII
    )
    for length in LENGTHS
}
_LAST_RUN = re.compile(r"[^\W_]*\Z")
_LIKE_A_BODY_GROUP = re.compile(f"[{ALPHABET}]{{4}}")
# Everything Unicode calls a dash, the minus sign, and what pasted text hides between letters.
_DASHES = (
    "-\u058a\u05be\u1400\u1806\u2010\u2011\u2012\u2013\u2014\u2015\u2e17\u2e1a\u2e3a\u2e3b\u2e40\u2e5d"
    "\u301c\u3030\u30a0\ufe31\ufe32\ufe58\ufe63\uff0d\U00010ead\u2212\u00ad\u2043"
)
_INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff"
_SEPARATORS = re.compile(f"[\\s{_DASHES[1:]}{_INVISIBLE}-]+")
_TYPED_LOOK_ALIKES = str.maketrans("OIL", "011")
_MASKED = "•"


class InvalidPrefix(Worded, ValueError):
    """The prefix cannot stand in front of a code; the text says what is allowed."""


class StuckRandomness(RuntimeError):
    """The source of chance repeats itself; codes made from it would not be secret."""


def _powers_of_alpha() -> list[int]:
    powers = [1]
    while len(powers) < max(LENGTHS):
        doubled = powers[-1] << 1
        powers.append(doubled ^ 0b100101 if doubled & 0b100000 else doubled)
    return powers


def _product(a: int, b: int) -> int:
    result = 0
    for bit in range(5):
        if b >> bit & 1:
            result ^= a << bit
    for degree in range(8, 4, -1):
        if result >> degree & 1:
            result ^= 0b100101 << (degree - 5)
    return result


_WEIGHTS = _powers_of_alpha()
# Over all 256 bytes: a random byte stands for its low five bits, each value equally often (256 = 8 x 32).
_LOW_BITS = bytes(byte & 31 for byte in range(256))
_SYMBOL_OF = bytes(ord(ALPHABET[byte & 31]) for byte in range(256))
_WEIGHED = [bytes(_product(weight, byte & 31) for byte in range(256)) for weight in _WEIGHTS]
# By the length of the code, whose last place the check symbol has.
_CHECK_OF = {
    length: bytes(
        ord(next(symbol for value, symbol in enumerate(ALPHABET) if _WEIGHED[length - 1][value] == byte & 31))
        for byte in range(256)
    )
    for length in LENGTHS
}


def clean_prefix(prefix: str, length: int = SYMBOLS) -> str:
    """Return the prefix upper-cased, "" for none; raise InvalidPrefix when it is malformed, or too long for a
    code of that length.
    """
    limit = MAX_LENGTH - length - length // 4
    if not prefix:
        return ""
    upper = prefix.upper() if prefix.isascii() else ""
    if len(upper) > limit or not _PREFIX.fullmatch(upper):
        raise InvalidPrefix(
            "A prefix has groups of 1 to 12 letters A-Z or digits with a dash between them, %(limit)s "
            "characters at most, for example SUMMER or SUMMER-24.",
            limit=limit,
        )
    return upper


def generate(rng: Rng, count: int, prefix: str = "", length: int = SYMBOLS) -> list[str]:
    """Return `count` distinct well-formed codes of one of the LENGTHS; raise InvalidPrefix, or ValueError on
    a negative count.

    No code spells an offensive word, not even across dashes or the end of the prefix. That the codes are new
    to the database is for the caller to see to (their key is unique there).
    """
    if count < 0:
        raise ValueError("count must not be negative")
    lead = clean_prefix(prefix, length)
    tail = _clean_tail(lead)
    codes: dict[str, None] = {}
    idle = 0
    while len(codes) < count:
        before = len(codes)
        # A few rows more than missing: one in fifty is rejected, and a second round costs more than spares.
        missing = count - before
        codes.update(
            dict.fromkeys(_batch(rng, min(_BATCH, missing + missing // 16 + 4), lead, tail, length=length))
        )
        idle = idle + 1 if len(codes) == before else 0
        if idle >= _PATIENCE:
            raise StuckRandomness("the source of randomness gives no new codes")
    return list(codes)[:count]


def generate_in_order(
    rng: Rng, count: int, prefix: str, size: int, length: int = SYMBOLS
) -> Iterator[list[str]]:
    """Yield codes as `generate` makes them, in parts of at most `size`, each part sorted; `count` in all.

    The parts follow each other by their first random symbol (drawn for all of them beforehand), but for a few
    stragglers: a database takes rows that come in the order of its index much faster. Each part's codes are
    distinct; that no later part repeats one is as unlikely as any guess.
    """
    lead = clean_prefix(prefix, length)
    tail = _clean_tail(lead)
    idle = 0
    while count:
        drawn = rng.token_bytes(count).translate(_LOW_BITS)
        firsts = b"".join(bytes([value]) * drawn.count(value) for value in range(len(ALPHABET)))
        for start in range(0, len(firsts), size):
            first = firsts[start : start + size]
            part = sorted(set(_batch(rng, len(first), lead, tail, first, length)))
            idle = idle + 1 if 2 * len(part) <= len(first) else 0
            if idle >= _PATIENCE:
                raise StuckRandomness("the source of randomness gives no new codes")
            count -= len(part)
            yield part


def _clean_tail(lead: str) -> bytes:
    # The end of the prefix in which a word can begin that the random part completes; a word that the marketer
    # has written into the prefix is no reason to reject every code.
    tail = fold(lead.replace("-", "")).encode()[-(LONGEST_WORD - 1) :]
    while any(True for _ in find_words(tail)):
        tail = tail[1:]
    return tail


def _batch(
    rng: Rng, rows: int, lead: str, tail: bytes, first: bytes = b"", length: int = SYMBOLS
) -> list[str]:
    # Works on columns, one per position, because translate and big-integer XOR then run at the speed of C.
    # `first` is the first column when that has been drawn already.
    raw = first + rng.token_bytes((length - 1) * rows - len(first))
    columns = []
    total = 0
    for position in range(length - 1):
        column = raw[position * rows : (position + 1) * rows]
        total ^= int.from_bytes(column.translate(_WEIGHED[position]), "little")
        columns.append(column.translate(_SYMBOL_OF))
    columns.append(total.to_bytes(rows, "little").translate(_CHECK_OF[length]))

    start = f"{lead}-" if lead else ""
    row = f"{start}{'-'.join(['0000'] * (length // 4))}\n".encode()
    shown = bytearray(row * rows)
    plain_row = tail + b"0" * length + b"\n"
    plain = bytearray(plain_row * rows)
    for position, column in enumerate(columns):
        shown[len(start) + position + position // 4 :: len(row)] = column
        plain[len(tail) + position :: len(plain_row)] = column
    offensive = {place // len(plain_row) for place in find_words(bytes(plain.translate(FOLD_TABLE)))}
    codes = shown.decode("ascii").split("\n")[:-1]
    return [code for index, code in enumerate(codes) if index not in offensive]


def check_symbol(body: str) -> str:
    """Return the check symbol of a code's random symbols (no dashes); raise ValueError on other
    texts.
    """
    if len(body) + 1 not in LENGTHS or not all(symbol in ALPHABET for symbol in body):
        raise ValueError("a body is the random symbols of a code")
    total = 0
    for position, symbol in enumerate(body):
        total ^= _WEIGHED[position][ALPHABET.index(symbol)]
    return chr(_CHECK_OF[len(body) + 1][total])


def is_well_formed(text: str, length: int = SYMBOLS) -> bool:
    """Say whether the text is exactly a code as `generate` writes it, that long, check symbol included."""
    found = _GENERATED[length].fullmatch(text) if len(text) <= MAX_LENGTH else None
    if found is None:
        return False
    symbols = found[2].replace("-", "")
    return check_symbol(symbols[:-1]) == symbols[-1]


def normalise_typed(text: str, length: int = SYMBOLS) -> str | None:
    """Return the spelling `generate` uses for a code typed by a person, None when it cannot be one.

    Read as meant: any case, spaces, every kind of dash, O for 0, I and L for 1, Turkish ı and İ, full-width
    forms. Inside a prefix, spaces stand for a dash and letters stay as typed. Other letters, Cyrillic and
    Greek look-alikes among them, are refused, not guessed. Whether the check symbol is right is for
    `is_well_formed` to say. An uploaded code has a spelling of its own: look it up by its `code_key`.
    """
    if len(text) > _MAX_TYPED:
        return None
    plain = _SEPARATORS.sub("-", _dotless(text)).strip("-")
    if not plain.isascii():
        return None
    upper = plain.upper()
    places = [place for place, symbol in enumerate(upper) if symbol != "-"][-length:]
    if len(places) < length:
        return None
    body = "".join(upper[place] for place in places).translate(_TYPED_LOOK_ALIKES)
    lead = upper[: places[0]].rstrip("-")
    if not _BODY[length].fullmatch(body) or len(lead) > MAX_PREFIX or (lead and not _PREFIX.fullmatch(lead)):
        return None
    groups = [body[place : place + 4] for place in range(0, length, 4)]
    return "-".join([lead, *groups] if lead else groups)


def keys_meant(text: str) -> tuple[str, ...]:
    """The keys of the codes that somebody who typed this can mean, each once: as typed, and read as one of
    ours of any length. Empty for a text that no code has.
    """
    if len(text) > _MAX_TYPED:
        return ()
    read = [(normalise_typed(text, length), length) for length in LENGTHS]
    meant = [code_key(text), *(one for one, length in read if one and is_well_formed(one, length))]
    return tuple(dict.fromkeys(key for key in meant if 0 < len(key) <= MAX_LENGTH))


def code_key(text: str) -> str:
    """Return the key under which a code, also an uploaded one, is unique; the key of a key is itself.

    Compatibility forms, case (also Turkish ı and İ) and the width of inner spaces make no difference; dashes
    do.
    """
    if text.isascii():
        return " ".join(text.split()).upper()
    key = text
    while key != (key := " ".join(unicodedata.normalize("NFKC", _dotless(key).upper()).split())):
        pass
    return key


def code_keys(texts: Sequence[str]) -> list[str]:
    """The keys of many codes, each as `code_key` tells it; plain ones cost next to nothing."""
    together = "".join(texts)
    if together.isascii() and together.isprintable() and " " not in together:
        return "\n".join(texts).upper().split("\n") if texts else []
    return [code_key(text) for text in texts]


def _dotless(text: str) -> str:
    # i + combining dot is what lower() makes of İ; upper-casing would bring it back.
    plain = unicodedata.normalize("NFKC", text)
    return plain.replace("i\u0307", "i").replace("\u0130", "I").replace("\u0131", "I")


def mask(text: str) -> str:
    """Return the code for lists: at most a quarter of its random part, four symbols at most, can be read.

    A generated code shows its prefix. Of any other code only the last run of letters and digits is taken for
    random, the rest may be the same for all codes; prefix groups that look like random ones are hidden too.
    """
    # Longest first: a prefix that reads like a group of symbols is rather hidden than shown.
    length = next((one for one in reversed(LENGTHS) if is_well_formed(text, one)), 0)
    if not length:
        last = len(_LAST_RUN.findall(text)[0])
        shown = len(text) - min(4, last // 4)
        return _hidden(text[:shown]) + text[shown:]
    body = len(text) - length - (length // 4 - 1)
    groups = [
        _hidden(group) if _LIKE_A_BODY_GROUP.fullmatch(group) else group for group in text[:body].split("-")
    ]
    return "-".join(groups) + _hidden(text[body:-4]) + text[-4:]


def _hidden(text: str) -> str:
    return "".join("-" if symbol == "-" else _MASKED for symbol in text)


def guess_risk(live_codes: int, guesses_per_hour: int, hours: int, symbols: int = RANDOM_SYMBOLS) -> Fraction:
    """Return the expected number of hits: live codes x guesses per hour x hours / 32^symbols.

    `symbols` counts the random ones only: whoever guesses computes the check symbol.
    """
    if min(live_codes, guesses_per_hour, hours, symbols) < 0:
        raise ValueError("a guess risk has no negative parts")
    return Fraction(live_codes * guesses_per_hour * hours, len(ALPHABET) ** symbols)


def is_guess_proof(live_codes: int, guesses_per_hour: int, hours: int, symbols: int = RANDOM_SYMBOLS) -> bool:
    """Say whether the guess risk stays within GUESS_RISK_LIMIT."""
    return guess_risk(live_codes, guesses_per_hour, hours, symbols) <= GUESS_RISK_LIMIT
