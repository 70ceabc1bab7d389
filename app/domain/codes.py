"""Promo codes: how they are made, checked, compared and shown masked."""

from fractions import Fraction

from app.domain.chance import Rng

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
RANDOM_SYMBOLS = 15
GUESS_RISK_LIMIT = Fraction(1, 10**6)


class InvalidPrefix(ValueError):
    """The prefix cannot stand in front of a code; the text says what is allowed."""


def clean_prefix(prefix: str) -> str:
    """Return the prefix upper-cased, "" for none; raise InvalidPrefix when it is malformed."""
    raise NotImplementedError


def generate(rng: Rng, count: int, prefix: str = "") -> list[str]:
    """Return `count` distinct well-formed codes."""
    raise NotImplementedError


def check_symbol(body: str) -> str:
    """Return the check symbol of 15 random symbols (no dashes)."""
    raise NotImplementedError


def is_well_formed(text: str) -> bool:
    """Say whether the text is exactly a code as `generate` writes it, check symbol included."""
    raise NotImplementedError


def normalise_typed(text: str) -> str | None:
    """Return the spelling `generate` uses for a code typed by a person, None when it cannot be one."""
    raise NotImplementedError


def code_key(text: str) -> str:
    """Return the key under which a code, also an uploaded one, is unique."""
    raise NotImplementedError


def mask(text: str) -> str:
    """Return the code for lists and logs: at most a quarter of its random part can be read."""
    raise NotImplementedError


def guess_risk(live_codes: int, guesses_per_hour: int, hours: int, symbols: int = RANDOM_SYMBOLS) -> Fraction:
    """Return the expected number of hits: live codes x guesses / 32^symbols."""
    raise NotImplementedError


def is_guess_proof(live_codes: int, guesses_per_hour: int, hours: int, symbols: int = RANDOM_SYMBOLS) -> bool:
    """Say whether the guess risk stays within GUESS_RISK_LIMIT."""
    raise NotImplementedError
