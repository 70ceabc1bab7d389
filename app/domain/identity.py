"""Who is the same person: canonical e-mail addresses and network prefixes."""

import ipaddress
import re
import unicodedata

from app.domain.errors import Worded

MAX_ADDRESS = 254
MAX_LOCAL = 64
MAX_LABEL = 63

# RFC 5322 dot-atom, with what RFC 6531 adds (anything beyond ASCII); no quoted local parts.
_ATOM = r"[^\x00-\x20\"(),.:;<>@\[\\\]\x7f]+"
_LOCAL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")

_GMAIL = "gmail.com"
# Domains under which the same name is the same mailbox, and the one that stands for all.
_SAME_MAILBOX = {
    "googlemail.com": _GMAIL,
    "me.com": "icloud.com",
    "mac.com": "icloud.com",
    "pm.me": "proton.me",
    "protonmail.com": "proton.me",
    "protonmail.ch": "proton.me",
    "ya.ru": "yandex.ru",
    "yandex.by": "yandex.ru",
    "yandex.com": "yandex.ru",
    "yandex.com.tr": "yandex.ru",
    "yandex.kz": "yandex.ru",
    "yandex.ua": "yandex.ru",
    "yandex.uz": "yandex.ru",
}
_MICROSOFT = re.compile(r"(?:hotmail|live|outlook)\.(?:com|(?:com?\.)?[a-z]{2})|msn\.com")
_YAHOO = re.compile(r"yahoo\.(?:com|[a-z]{2}|com\.[a-z]{2}|co\.(?!jp)[a-z]{2})|ymail\.com|rocketmail\.com")
_FASTMAIL_USER = re.compile(r"([^.]+)\.(fastmail\.(?:com|fm))")
_PLUS_TAGS = {
    *(_GMAIL, "icloud.com", "proton.me", "yandex.ru", "mail.ru", "fastmail.com", "fastmail.fm", "hey.com"),
    *("mailbox.org", "posteo.de", "runbox.com", "zoho.com", "zoho.eu", "zohomail.com", "zohomail.eu"),
}


class InvalidAddress(Worded, ValueError):
    """The text is not an e-mail address that Prizewell accepts."""


def canonical_email(address: str) -> str:
    """Return the one spelling of a mailbox, for limits and the draw; raise InvalidAddress.

    Compatibility forms and case make no difference; the domain is in Unicode; tags, Gmail's dots and second
    domains of the same mailbox are gone where the provider is known. The result of a result is itself. Mail
    goes to the address as typed, never to this one.
    """
    plain = _plain(address)
    local, _, domain = plain.partition("@")
    if len(local.encode()) > MAX_LOCAL or not _LOCAL.fullmatch(local):
        raise InvalidAddress("the part before the @ is malformed")
    canonical = "@".join(_mailbox(local, _unicode_domain(domain)))
    if len(canonical) > MAX_ADDRESS:
        raise InvalidAddress("the address is too long")
    return canonical


def _plain(address: str) -> str:
    # Checked before and after NFKC, which turns some characters into a space or an @.
    if len(address) > MAX_ADDRESS:
        raise InvalidAddress("the address is too long")
    plain = _folded(address)
    for text in (address, plain):
        if not text.isprintable() or any(map(str.isspace, text)):
            raise InvalidAddress("an address has no spaces or control characters")
        if text.count("@") != 1:
            raise InvalidAddress("an address has one @")
    return plain


def _folded(text: str) -> str:
    # lower() makes i + combining dot of the Turkish İ; the address means i.
    folded = text
    while folded != (folded := unicodedata.normalize("NFKC", folded).lower().replace("i\u0307", "i")):
        pass
    return folded


def _unicode_domain(domain: str) -> str:
    labels = [_unicode_label(label) for label in domain.replace("\u3002", ".").split(".")]
    ascii_length = sum(len(_ascii_label(label)) + 1 for label in labels) - 1
    if len(labels) < 2 or ascii_length > MAX_ADDRESS - 1 or labels[-1].isdigit():
        raise InvalidAddress("the domain is malformed")
    return ".".join(labels)


def _unicode_label(label: str) -> str:
    text = label
    if label.startswith("xn--"):
        try:
            text = label[4:].encode("ascii").decode("punycode")
        except UnicodeError as error:
            raise InvalidAddress("the domain is malformed") from error
        # Two spellings of one domain, or a disguised plain one, would be two people.
        if _folded(text) != text or text.isascii():
            raise InvalidAddress("the domain is malformed")
    if not _is_label(text) or len(_ascii_label(text)) > MAX_LABEL:
        raise InvalidAddress("the domain is malformed")
    return text


def _is_label(text: str) -> bool:
    fine = all(symbol == "-" or unicodedata.category(symbol)[0] in "LMN" for symbol in text)
    return fine and text[:1].isalnum() and not text.endswith("-")


def _ascii_label(label: str) -> str:
    return label if label.isascii() else "xn--" + label.encode("punycode").decode("ascii")


def _mailbox(local: str, domain: str) -> tuple[str, str]:
    if user := _FASTMAIL_USER.fullmatch(domain):
        return _mailbox(user[1], user[2])
    domain = _SAME_MAILBOX.get(domain, domain)
    if domain in _PLUS_TAGS or _MICROSOFT.fullmatch(domain):
        local = _without_tag(local, "+")
    elif _YAHOO.fullmatch(domain):
        local = _without_tag(local, "-")
    return (local.replace(".", "") if domain == _GMAIL else local), domain


def _without_tag(local: str, sign: str) -> str:
    # An address that is nothing but a tag stays as it is.
    return local.partition(sign)[0].rstrip(".") or local


def wire_address(address: str) -> str:
    """Return a valid address as mail servers take it: the part before the @ as typed, the domain in ASCII."""
    local, _, domain = address.rpartition("@")
    labels = _unicode_domain(_folded(domain)).split(".")
    return f"{local}@{'.'.join(map(_ascii_label, labels))}"


def mask_email(address: str) -> str:
    """Return the address for lists: first letter and domain, "a…@example.org"; "…" for what is no address."""
    local, at, domain = address.rpartition("@")
    return f"{local[:1]}…{at}{domain}" if at else "…"


def network_prefix(ip: str) -> str:
    """Return the network that limits count by: IPv4 /24, IPv6 /48; raise ValueError on other text.

    An IPv4 address inside IPv6 (::ffff:192.0.2.1) is the IPv4 address.
    """
    address = ipaddress.ip_address(ip)
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is None:
            return str(ipaddress.IPv6Network((int(address), 48), strict=False))
        address = address.ipv4_mapped
    return str(ipaddress.IPv4Network((int(address), 24), strict=False))


def is_loopback(host: str) -> bool:
    """True for a name or address of this very machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
