"""Webhooks: one POST to an address that somebody typed in, so that it cannot be turned against our network.

The name is resolved once, every address it has must be a public one, and the connection goes to an address
that was checked. No redirect is followed, no proxy is asked, the whole try is over in ten seconds, the
resolving too, and only the beginning of the answer is read.
"""

import http.client
import io
import socket
import ssl
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from contextlib import closing
from typing import Any, Protocol, cast

from app.domain.errors import InvalidInput
from app.domain.texts import is_showable
from app.domain.webhooks import Answered, NoAnswer, Origin, Target, Tried, Trouble, is_public, parse_target

TIMEOUT_SECONDS = 10.0
MOST_ASKED = 16  # names being resolved at once
MOST_READ = 2048  # bytes of an answer
HEAD = 300  # characters of it that are kept
USER_AGENT = "Prizewell-Webhooks/1"


class Caller(Protocol):
    """Calls an address. Trouble on the way is an answer, not an exception."""

    def check(self, url: str) -> None:
        """Raise InvalidInput for an address that may not be called, as far as can be told now."""

    def call(self, url: str, headers: Mapping[str, str], body: bytes) -> Tried:
        """POST the body, and say what came of it."""


class NullCaller:
    """Calls nobody: for a server where webhooks are off. Addresses are checked for their form alone."""

    def check(self, url: str) -> None:
        """See Caller."""
        parse_target(url)

    def call(self, url: str, headers: Mapping[str, str], body: bytes) -> Tried:  # noqa: ARG002 -- see Caller
        """Nothing is sent, nothing is read."""
        return NoAnswer(Trouble.CONNECT, 0)


class HttpCaller:
    """Calls over HTTPS on port 443, and what is `allowed` beside, wherever that leads."""

    def __init__(
        self,
        allowed: Sequence[Origin] = (),
        *,
        context: ssl.SSLContext | None = None,
        timeout: float = TIMEOUT_SECONDS,
    ) -> None:
        self._allowed = tuple(allowed)
        self._context = context or ssl.create_default_context()
        self._timeout = timeout

    def check(self, url: str) -> None:
        """See Caller. A name that nobody knows at the moment is refused too: it may be a typing error."""
        target = parse_target(url, self._allowed)
        try:
            _resolved(target, time.monotonic() + self._timeout)
        except (TimeoutError, _Refused) as error:
            if isinstance(error, _Refused) and error.trouble is Trouble.ADDRESS:
                raise InvalidInput("url", "this address is not on the public internet") from error
            raise InvalidInput("url", "no such host is known") from error

    def call(self, url: str, headers: Mapping[str, str], body: bytes) -> Tried:
        """See Caller."""
        started = time.monotonic()
        deadline = started + self._timeout
        try:
            status, head = self._exchange(parse_target(url, self._allowed), headers, body, deadline)
        except Exception as error:  # noqa: BLE001 -- whatever an endpoint does, it is only an answer
            return NoAnswer(_trouble(error), _since(started))
        return Answered(status, head, _since(started))

    def _exchange(
        self, target: Target, headers: Mapping[str, str], body: bytes, deadline: float
    ) -> tuple[int, str]:
        plain = _connected(_resolved(target, deadline), target.origin.port, deadline)
        with closing(plain):
            connection = plain
            if target.origin.scheme == "https":
                plain.settimeout(_left(deadline))
                connection = self._context.wrap_socket(plain, server_hostname=target.origin.host)
            with closing(connection):
                connection.settimeout(_left(deadline))
                connection.sendall(_request(target, headers, body))
                return _answer(connection, deadline)


class _Refused(Exception):
    """The address may not be called, or cannot be found."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.value)
        self.trouble = trouble


def _resolved(target: Target, deadline: float) -> list[str]:
    """The IP addresses of the host, each checked. Nothing resolves the name again after this.

    Raises TimeoutError when no name server has answered by then.
    """
    try:
        found = _looked_up(target.origin, deadline)
    except TimeoutError:
        raise
    except (OSError, UnicodeError) as error:
        raise _Refused(Trouble.UNKNOWN_HOST) from error
    addresses = list(dict.fromkeys(str(each[4][0]) for each in found))
    if not addresses:
        raise _Refused(Trouble.UNKNOWN_HOST)
    if not target.is_allowed and not all(map(is_public, addresses)):
        raise _Refused(Trouble.ADDRESS)
    return addresses


_asking = threading.BoundedSemaphore(MOST_ASKED)


def _looked_up(origin: Origin, deadline: float) -> list[Any]:
    """What the system's resolver says. It knows no time-out and cannot be stopped: it is left behind, in a
    thread that ends when the system gives up; so many at most are left behind at a time.
    """
    answer: Future[list[Any]] = Future()

    def ask() -> None:
        try:
            answer.set_result(socket.getaddrinfo(origin.host, origin.port, type=socket.SOCK_STREAM))
        except Exception as error:  # noqa: BLE001 -- it is told to whoever waits
            answer.set_exception(error)
        finally:
            _asking.release()

    if not _asking.acquire(timeout=_left(deadline)):
        raise TimeoutError
    threading.Thread(target=ask, name="resolver", daemon=True).start()
    return answer.result(_left(deadline))


def _connected(addresses: Sequence[str], port: int, deadline: float) -> socket.socket:
    """A connection to the first of the addresses that takes one."""
    last: OSError | None = None
    for address in addresses:
        try:
            return socket.create_connection((address, port), timeout=_left(deadline))
        except OSError as error:
            last = error
    raise last or TimeoutError


def _request(target: Target, headers: Mapping[str, str], body: bytes) -> bytes:
    host = str(target.origin).partition("//")[2]
    lines = {
        "Host": host,
        "User-Agent": USER_AGENT,
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "Accept-Encoding": "identity",
        "Connection": "close",
    }
    head = [
        f"POST {target.path} HTTP/1.1",
        *(f"{name}: {text}" for name, text in {**lines, **headers}.items()),
    ]
    return "\r\n".join([*head, "", ""]).encode("ascii") + body


def _answer(connection: socket.socket, deadline: float) -> tuple[int, str]:
    """Status and beginning of the answer; the rest is left unread."""
    response = http.client.HTTPResponse(cast(Any, _Timed(connection, deadline)), method="POST")
    with closing(response):
        response.begin()
        try:
            begun = response.read(MOST_READ)
        except (OSError, http.client.HTTPException):  # the status has been told; the rest is decoration
            begun = b""
        return response.status, _shown(begun)


def _shown(begun: bytes) -> str:
    """What of an answer can stand on a page."""
    text = begun.decode("utf-8", errors="replace")[:HEAD]
    return "".join(each if is_showable(each) else " " for each in text)


class _Timed(io.RawIOBase):
    """A connection that is read until a moment, however slowly it drips."""

    def __init__(self, connection: socket.socket, deadline: float) -> None:
        super().__init__()
        self._connection = connection
        self._deadline = deadline

    def makefile(self, _mode: str) -> io.BufferedReader:
        """What http.client reads from."""
        return io.BufferedReader(self)

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: Any) -> int:
        """See RawIOBase."""
        self._connection.settimeout(_left(self._deadline))
        return self._connection.recv_into(buffer)


def _left(deadline: float) -> float:
    """Seconds until then. Raises TimeoutError when there are none."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _since(started: float) -> int:
    return round((time.monotonic() - started) * 1000)


_TROUBLES: tuple[tuple[type[Exception], Trouble], ...] = (
    (InvalidInput, Trouble.ADDRESS),
    (TimeoutError, Trouble.TIMEOUT),
    (ssl.SSLError, Trouble.TLS),
    (ConnectionResetError, Trouble.PROTOCOL),
    (BrokenPipeError, Trouble.PROTOCOL),
    (OSError, Trouble.CONNECT),
)


def _trouble(error: Exception) -> Trouble:
    if isinstance(error, _Refused):
        return error.trouble
    return next((word for kind, word in _TROUBLES if isinstance(error, kind)), Trouble.PROTOCOL)
