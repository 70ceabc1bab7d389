"""Money as people type it, checked and in minor units, wherever it comes from."""

import re
from decimal import Decimal

from babel.numbers import get_currency_precision

from app.domain.errors import InvalidInput

_AMOUNT = re.compile(r"([0-9]{1,13})(?:[.,]([0-9]{1,4}))?", re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)
_CENTS = 2  # shops write them behind yen, too


def currency_code(text: str, field: str = "currency") -> str:
    """The three letters of a currency, in capitals. Raises InvalidInput."""
    code = text.strip().upper()
    if not _CURRENCY.fullmatch(code):
        raise InvalidInput(field, "use the three letters of a currency, such as EUR")
    return code


def minor_units(text: str, currency: str, field: str = "order_value") -> int:
    """What somebody typed, such as 49.90 or 49,90, in the currency's minor units. Raises InvalidInput, also
    for what may be thousands: 1.000 is no amount in euros.
    """
    found, digits = _AMOUNT.fullmatch(text.strip()), get_currency_precision(currency)
    decimals = (found[2] or "") if found else ""
    if found is None or len(decimals) > max(digits, _CENTS) or decimals[digits:].strip("0"):
        raise InvalidInput(field, "use an amount in digits, such as 49.90")
    return int(Decimal(f"{found[1]}.{decimals or 0}").scaleb(digits))
