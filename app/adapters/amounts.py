"""Amounts of money as each language writes them."""

import re
from decimal import Decimal

from babel import Locale
from babel.numbers import format_currency, get_currency_precision


def money_text(minor: int, currency: str, locale: Locale) -> str:
    """An amount in minor units, such as "€49.90", or "€50" where it is whole."""
    digits = get_currency_precision(currency)
    amount = Decimal(minor).scaleb(-digits)
    if amount != amount.to_integral_value():
        return _apart(format_currency(amount, currency, locale=locale))
    pattern: str = locale.currency_formats["standard"].pattern
    text = format_currency(amount, currency, pattern.replace(".00", ""), locale=locale, currency_digits=False)
    return _apart(text)


def _apart(amount: str) -> str:
    """A space between letters and digits, where the language's pattern counts on a sign: "TRY 100"."""
    return re.sub(r"(?<=[A-Za-z])(?=\d)|(?<=\d)(?=[A-Za-z])", "\u00a0", amount)
