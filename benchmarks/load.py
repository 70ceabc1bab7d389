"""The load: a process with many keep-alive connections, each with one request under way at any moment.

Started as `python -m benchmarks.load PLAN` by `benchmarks.http`. Everything is prepared before the clock
runs; then it says "ready", waits for a line, sends, and prints what it saw as JSON.
"""

import base64
import json
import selectors
import socket
import sys
import time
from collections import deque
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from urllib.parse import urlencode

import altcha

from app.adapters.captcha import AltchaCaptcha
from app.adapters.chance import SystemRng
from benchmarks.children import wait_for_go
from tests.race.visitor import Visitor
from tests.support.application import SECRET_KEY

SLUG = "summer"
HOST = "127.0.0.1"
PATIENCE = 10.0  # seconds without any answer


@dataclass(frozen=True, slots=True)
class Plan:
    """What to send; without a path, entries: those of the people from `first` on, `requests` at the most."""

    port: int
    clients: int
    seconds: float
    warm_up: float
    requests: int
    first: int = 1
    path: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """What came back after the warm-up: answers by status, and how long each took in milliseconds."""

    seconds: float
    statuses: dict[str, int]
    latencies: list[float]


class Lane:
    """One connection and the requests that will go over it."""

    def __init__(self, port: int, requests: deque[bytes]) -> None:
        self.requests = requests
        self.socket = socket.create_connection((HOST, port), timeout=PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sent_at = 0.0
        self._buffer = b""

    def send(self) -> None:
        """Send the next request."""
        self.sent_at = time.perf_counter()
        self.socket.sendall(self.requests.popleft())

    def receive(self) -> str | None:
        """The status of the answer when it is there as a whole, else None."""
        part = self.socket.recv(65536)
        if not part:
            raise ConnectionError("the server hung up")
        self._buffer += part
        head, found, body = self._buffer.partition(b"\r\n\r\n")
        if not found or len(body) < _length(head):
            return None
        self._buffer = b""
        return head[9:12].decode()


def run(plan: Plan, lanes: list[Lane]) -> Seen:
    """Keep every lane busy until the time is over or the requests are used up."""
    begin = time.perf_counter() + plan.warm_up
    end = begin + plan.seconds
    statuses: dict[str, int] = {}
    latencies = []
    last = begin
    with selectors.DefaultSelector() as selector:
        for lane in lanes:
            selector.register(lane.socket, selectors.EVENT_READ, lane)
            lane.send()
        while selector.get_map():
            for key, _ in _ready(selector):
                lane = key.data
                if (status := lane.receive()) is None:
                    continue
                now = time.perf_counter()
                if lane.sent_at >= begin:
                    last = now
                    statuses[status] = statuses.get(status, 0) + 1
                    latencies.append(round((now - lane.sent_at) * 1000, 2))
                if now < end and lane.requests:
                    lane.send()
                else:
                    selector.unregister(lane.socket)
    return Seen(last - begin, statuses, latencies)


def _ready(selector: selectors.BaseSelector) -> list[tuple[selectors.SelectorKey, int]]:
    ready = selector.select(PATIENCE)
    if not ready:
        raise TimeoutError("the server does not answer")
    return ready


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    raise ValueError("an answer without a length")


def prepare(plan: Plan) -> list[Lane]:
    """Connections, each with its share of finished requests."""
    share = plan.requests // plan.clients
    if plan.path:
        get = f"GET {plan.path} HTTP/1.1\r\nHost: {HOST}:{plan.port}\r\n\r\n".encode()
        return [Lane(plan.port, deque([get] * share)) for _ in range(plan.clients)]
    captcha = AltchaCaptcha(SECRET_KEY, cost=1)
    return [
        Lane(plan.port, _entries(plan.port, captcha, plan.first + client * share, share))
        for client in range(plan.clients)
    ]


def _entries(port: int, captcha: AltchaCaptcha, first: int, count: int) -> deque[bytes]:
    """The forms of people who share a browser, each with a solved challenge of its own."""
    cookie, token = Visitor(port).load_page()
    return deque(_entry(port, captcha, cookie, token, number) for number in range(first, first + count))


def _entry(port: int, captcha: AltchaCaptcha, cookie: str, token: str, number: int) -> bytes:
    fields = {
        "name": f"Person {number}",
        "email": f"person{number}@example.org",
        "accept_rules": "y",
        "nonce": number.to_bytes(16, "big").hex(),
        "altcha": solve(captcha),
        "csrf_token": token,
    }
    body = urlencode(fields).encode()
    head = (
        f"POST /c/{SLUG}/entries HTTP/1.1\r\nHost: {HOST}:{port}\r\nAccept: application/json\r\n"
        f"Cookie: {cookie}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def solve(captcha: AltchaCaptcha) -> str:
    """A fresh challenge, solved: what the widget would put into the form."""
    made = captcha.challenge(SLUG, datetime.now(UTC), SystemRng())
    solution = altcha.solve_challenge(altcha.Challenge.from_dict(made), counter_start=50)
    assert solution is not None
    return base64.b64encode(json.dumps({"challenge": made, "solution": solution.to_dict()}).encode()).decode()


def main() -> None:
    """See the module's text."""
    plan = Plan(**json.loads(sys.argv[1]))
    lanes = prepare(plan)
    wait_for_go()
    try:
        seen = run(plan, lanes)
    finally:
        for lane in lanes:
            lane.socket.close()
    print(json.dumps(asdict(seen)), flush=True)


if __name__ == "__main__":
    main()
