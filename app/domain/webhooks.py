"""Webhooks: who may be called, how a call is signed, when it is tried again (Standard Webhooks)."""

import hmac
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

from app.domain.chance import Rng
from app.domain.errors import InvalidInput

LEASE = timedelta(minutes=1)  # longer than any try takes: then others may take the call over
SECRET_BYTES = 32
PREFIX = "whsec_"
BOTH_SIGN = timedelta(hours=24)  # after a change of secret
MAX_URL = 500
_H, _M = timedelta(hours=1), timedelta(minutes=1)
WAITS = (
    timedelta(seconds=5),
    5 * _M,
    30 * _M,
    2 * _H,
    5 * _H,
    10 * _H,
    14 * _H,
    20 * _H,
    24 * _H,
)  # between the ten tries: 75 hours
MAX_TRIES = len(WAITS) + 1


class OffBecause(StrEnum):
    """Why an endpoint is called no more."""

    STAFF = "staff"
    GONE = "gone"  # it answered 410


class Trouble(StrEnum):
    """Why there was no answer. Stable words: they are stored, and pages translate them."""

    ADDRESS = "address"  # it leads to where no call may go
    UNKNOWN_HOST = "unknown_host"
    CONNECT = "connect"  # nobody listens
    TLS = "tls"  # no certificate that can be trusted
    TIMEOUT = "timeout"
    PROTOCOL = "protocol"  # what came is no HTTP, or broke off
    CONTENT = "content"  # what it was about is no more, or cannot be written


@dataclass(frozen=True, slots=True)
class Answered:
    """What the endpoint said; `head` is how its answer began."""

    status: int
    head: str
    milliseconds: int

    @property
    def is_taken(self) -> bool:
        """True when the endpoint has taken the event. A redirect is none of ours to follow."""
        return 200 <= self.status < 300

    @property
    def is_gone(self) -> bool:
        """True when it wants no more calls."""
        return self.status == 410


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """Nothing came that could be an answer."""

    trouble: Trouble
    milliseconds: int

    is_taken = False
    is_gone = False


Tried = Answered | NoAnswer


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host and port: where a call goes."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = {"https": 443, "http": 80}[self.scheme]
        return f"{self.scheme}://{host}" + ("" if self.port == usual else f":{self.port}")


@dataclass(frozen=True, slots=True)
class Target:
    """An address that may be called; `is_allowed` when whoever runs the server has named its origin."""

    origin: Origin
    path: str  # with the query
    is_allowed: bool = False


def parse_origin(text: str) -> Origin:
    """The origin in `https://host` or `http://host:8080`. Raises ValueError."""
    parts = urlsplit(text)
    port = parts.port
    if parts.scheme not in {"http", "https"} or not parts.hostname or port == 0:
        raise ValueError("must be like https://hooks.example.org or http://127.0.0.1:9000")
    if parts.path not in {"", "/"} or parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError("must be an origin only: scheme, host and port")
    return Origin(parts.scheme, _ascii_host(parts.hostname), port or (443 if parts.scheme == "https" else 80))


def parse_target(url: str, allowed: Sequence[Origin] = ()) -> Target:
    """The address as it is called: https on port 443, or under an allowed origin. Raises InvalidInput."""
    if len(url) > MAX_URL:
        raise InvalidInput("url", "use at most %(limit)s characters", limit=MAX_URL)
    try:
        parts = urlsplit(url)
        if not url.isprintable() or not url.isascii() or " " in url or "\\" in url or "@" in parts.netloc:
            raise ValueError
        origin = parse_origin(f"{parts.scheme}://{parts.netloc}")
    except ValueError:
        raise InvalidInput("url", "use an address such as https://shop.example.org/hooks") from None
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if origin in allowed:
        return Target(origin, path, is_allowed=True)
    if origin.scheme != "https" or origin.port != 443:
        raise InvalidInput("url", "only https on its usual port can be called")
    if (literal := _literal(origin.host)) is not None and not is_public(literal):
        raise InvalidInput("url", "this address is not on the public internet")
    return Target(origin, path)


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public internet, and no way around to one that is not."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, IPv4Address):
        return parsed.is_global and not any(parsed in network for network in _REFUSED_4)
    return _is_public_6(parsed)


def _is_public_6(address: IPv6Address) -> bool:
    is_inside = address.scope_id is None and address in _UNICAST_6
    return is_inside and address.is_global and not any(address in network for network in _REFUSED_6)


def _literal(host: str) -> str | None:
    """The host where it is an IP address, in any of the ways that resolvers read one."""
    try:
        return str(ip_address(host))
    except ValueError:
        last = host.rstrip(".").rpartition(".")[2]
        return "0.0.0.0" if last.isdigit() or last.startswith("0x") else None  # noqa: S104 -- compared


def _ascii_host(host: str) -> str:
    return host.encode("idna").decode().lower() if not host.isascii() else host.lower()


# Beside what Python knows not to be global: multicast, reserved, and addresses that stand for another one.
_REFUSED_4 = tuple(
    map(IPv4Network, ("0.0.0.0/8", "192.0.0.0/24", "192.88.99.0/24", "224.0.0.0/4", "240.0.0.0/4"))
)
# Everything global is in here; NAT64 (64:ff9b::/96), IPv4-mapped and -compatible addresses are not.
_UNICAST_6 = IPv6Network("2000::/3")
# 2001::/23 has Teredo in it, 2002::/16 is 6to4; the others are for documentation.
_REFUSED_6 = tuple(map(IPv6Network, ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")))


def new_secret(rng: Rng) -> str:
    """A fresh secret, as both sides keep it."""
    return PREFIX + b64encode(rng.token_bytes(SECRET_BYTES)).decode()


def signed(secrets: Sequence[str], message: str, now: datetime, body: bytes) -> dict[str, str]:
    """The headers of one try: id, moment, and a signature per secret."""
    moment = str(int(now.timestamp()))
    content = b".".join((message.encode(), moment.encode(), body))
    marks = [hmac.digest(b64decode(each.removeprefix(PREFIX)), content, sha256) for each in secrets]
    return {
        "webhook-id": message,
        "webhook-timestamp": moment,
        "webhook-signature": " ".join(f"v1,{b64encode(mark).decode()}" for mark in marks),
    }


def next_try(tries: int, now: datetime, rng: Rng) -> datetime | None:
    """When to try again after that many tries that failed; None to give up.

    Waits are spread by a tenth, so that what failed together comes back apart.
    """
    if tries >= MAX_TRIES:
        return None
    wait = WAITS[tries - 1]
    return now + wait + wait * rng.randbelow(1000) / 10_000
