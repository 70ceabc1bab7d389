"""A visitor over real HTTP: loads the landing page, solves the CAPTCHA, sends the form."""

import http.client
import json
import re
from dataclasses import dataclass
from urllib.parse import urlencode

from tests.support.visitor import solve

TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')


@dataclass(frozen=True, slots=True)
class Answer:
    """A status and a body, as they came."""

    status: int
    body: bytes
    retry_after: str | None = None

    @property
    def data(self) -> dict[str, str]:
        """The body read as JSON."""
        found: dict[str, str] = json.loads(self.body)
        return found


class Visitor:
    """One browser on one connection. Everything but the submission itself is done beforehand."""

    def __init__(self, port: int, slug: str = "summer") -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self._slug = slug
        self._cookie = ""
        self._form = b""

    def prepare(self, number: int) -> None:
        """Fill in the form of person `number`, with a token, a cookie and a solved challenge of its own."""
        fields = {
            "name": f"Person {number}",
            "email": f"person{number}@example.org",
            "accept_rules": "y",
            "nonce": number.to_bytes(16, "big").hex(),
        }
        try:
            hidden = {"csrf_token": self._load_page(), "altcha": self._solve()}
        except BaseException:
            self._connection.close()
            raise
        self._form = urlencode(fields | hidden).encode()

    def load_page(self) -> tuple[str, str]:
        """The cookie and the token that the landing page gives, and no more."""
        try:
            token = self._load_page()
        finally:
            self._connection.close()
        return self._cookie, token

    def twin(self, port: int) -> "Visitor":
        """The same form in the same browser, about to be sent over another connection."""
        other = Visitor(port, self._slug)
        other._cookie, other._form = self._cookie, self._form
        return other

    def send(self) -> Answer:
        """Submit the form and hang up."""
        headers = {
            "Accept": "application/json",
            "Content-Type": "application/x-www-form-urlencoded",
            "Cookie": self._cookie,
        }
        try:
            self._connection.request("POST", f"/c/{self._slug}/entries", self._form, headers)
            response = self._connection.getresponse()
            return Answer(response.status, response.read(), response.getheader("Retry-After"))
        finally:
            self._connection.close()

    def _load_page(self) -> str:
        self._connection.request("GET", f"/c/{self._slug}")
        response = self._connection.getresponse()
        page = response.read().decode()
        self._cookie = (response.getheader("Set-Cookie") or "").partition(";")[0]
        found = TOKEN.search(page)
        assert found, f"no form on the landing page ({response.status})"
        return found[1]

    def _solve(self) -> str:
        self._connection.request("GET", f"/c/{self._slug}/challenge")
        return solve(json.loads(self._connection.getresponse().read()))
