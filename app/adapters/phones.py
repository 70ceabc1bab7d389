"""Phone numbers as E.164, by the numbering plans of all countries."""

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat


def e164(text: str, country: str) -> str | None:
    """The number such as +905321234567, or None for what is none.

    Without a country (two letters) it has to begin with + or 00 and a country's code.
    """
    plain = text.strip()
    if plain.startswith("00"):
        plain = f"+{plain[2:]}"
    try:
        number = phonenumbers.parse(plain, country or None)
    except NumberParseException:
        return None
    if number.extension or not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)
