"""A real receiver of webhooks on this machine: it keeps what it is sent, and answers as it is told to."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import time_machine
from standardwebhooks import Webhook


@dataclass
class Call:
    """One request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes

    def verified(self, secret: str) -> Any:
        """The payload, once the library of Standard Webhooks has found the signature right: at the moment it
        was made, since tests have a clock of their own.
        """
        with time_machine.travel(float(self.headers["webhook-timestamp"]), tick=False):
            return Webhook(secret).verify(self.body, self.headers)


@dataclass
class Receiver:
    """What came, in order; `answer` decides about each: status, body, more headers."""

    port: int = 0
    calls: list[Call] = field(default_factory=list)
    answer: Callable[[Call], tuple[int, bytes, dict[str, str]]] = lambda _call: (204, b"", {})

    @property
    def origin(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """An address of it."""
        return f"{self.origin}/hooks"

    def types(self, secret: str) -> list[str]:
        """The types of the events that came."""
        return [call.verified(secret)["type"] for call in self.calls]


@contextmanager
def receiving(wrap: Callable[[Any], Any] | None = None) -> Iterator[Receiver]:
    """A receiver while the body runs; `wrap` puts TLS around its socket."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            headers = {name.lower(): value for name, value in self.headers.items()}
            call = Call(self.path, headers, self.rfile.read(length))
            receiver.calls.append(call)
            status, body, more = receiver.answer(call)
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **more}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_given: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_given: object) -> None:
            pass  # callers that hang up are part of the tests

    server = Server(("127.0.0.1", 0), Handler)
    receiver.port = server.server_address[1]
    if wrap is not None:
        server.socket = wrap(server.socket)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
