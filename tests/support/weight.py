"""What a browser loads for a page, worked out from it: links, scripts, their imports, the fonts it shows."""

import html
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from flask.testing import FlaskClient
from werkzeug.http import http_date
from werkzeug.test import TestResponse

_TAG = re.compile(r"<(?P<tag>link|script|form)\b(?P<attributes>[^>]*)>")
_ATTRIBUTE = re.compile(r'([\w-]+)="([^"]*)"')
_STATIC_IMPORT = re.compile(r'^import\s+(?:[^"\';]+\s+from\s+)?["\']([^"\']+)["\']', re.MULTILINE)
_CSS_IMPORT = re.compile(r'@import\s+url\("([^"]+)"\)')
_FONT = re.compile(r"@font-face\s*\{(?P<body>[^}]*)\}")
_FONT_URL = re.compile(r'url\("([^"]+)"\)')
_RANGE = re.compile(r"U\+([0-9A-F]+)(?:-([0-9A-F]+))?")
_MARKUP = re.compile(r"<[^>]*>")


@dataclass(frozen=True, slots=True)
class Loads:
    """Addresses a page loads: before anybody touches it, and when somebody turns to the form."""

    page: str
    at_once: frozenset[str]
    for_the_form: frozenset[str]


def loads(client: FlaskClient, path: str, **headers: str) -> Loads:
    """Follow everything a page names, pictures apart."""
    page = client.get(path, headers=headers).get_data(as_text=True)
    letters = {ord(letter) for letter in html.unescape(_MARKUP.sub("", page))}
    first, later = set(_first(page)), set(_later(page))
    at_once = _closure(client, first, letters)
    return Loads(path, frozenset(at_once), frozenset(_closure(client, later, letters) - at_once))


def packed_bytes(client: FlaskClient, addresses: Iterable[str], **headers: str) -> int:
    """Bytes of the bodies as the server gives them to a browser that takes gzip."""
    accept = {"Accept-Encoding": "gzip"} | headers
    return sum(len(client.get(address, headers=accept).data) for address in addresses)


def sent_bytes(client: FlaskClient, addresses: Iterable[str], **headers: str) -> int:
    """The same with the lines above the bodies, as HTTP/1.1 sends them: later versions pack those as well."""
    accept = {"Accept-Encoding": "gzip"} | headers
    answers = [client.get(address, headers=accept) for address in addresses]
    return sum(len(answer.data) + _lines_above(answer) for answer in answers)


def _lines_above(answer: TestResponse) -> int:
    said = {"Server": "granian", "Date": http_date(0), **dict(answer.headers)}
    return len("HTTP/1.1 200 OK\r\n\r\n") + sum(len(f"{name}: {value}\r\n") for name, value in said.items())


def _tags(page: str) -> Iterator[tuple[str, dict[str, str]]]:
    for found in _TAG.finditer(page):
        attributes = {name: html.unescape(value) for name, value in _ATTRIBUTE.findall(found["attributes"])}
        yield found["tag"], attributes


def _first(page: str) -> Iterator[str]:
    for tag, attributes in _tags(page):
        if tag == "script" and "src" in attributes:
            yield attributes["src"]
        if tag == "link" and attributes.get("rel") in {"stylesheet", "preload", "modulepreload"}:
            yield attributes["href"]


def _later(page: str) -> Iterator[str]:
    for tag, attributes in _tags(page):
        if tag == "form":
            yield from (value for name, value in attributes.items() if name.startswith("data-load-"))


def _closure(client: FlaskClient, first: set[str], letters: set[int]) -> set[str]:
    found: set[str] = set()
    waiting = set(first)
    while waiting:
        address = waiting.pop()
        answer = client.get(address)
        assert answer.status_code == 200, address
        found.add(address)
        named = _named(address, answer.get_data(), letters)
        waiting |= {urljoin(address, one) for one in named} - found
    return found


def _named(address: str, body: bytes, letters: set[int]) -> Iterator[str]:
    path = urlsplit(address).path
    if path.endswith((".js", ".mjs")):
        yield from _STATIC_IMPORT.findall(body.decode())
    if path.endswith(".css"):
        css = body.decode()
        yield from _CSS_IMPORT.findall(css)
        for face in _FONT.finditer(css):
            if _is_shown(face["body"], letters):
                yield from _FONT_URL.findall(face["body"])


def _is_shown(face: str, letters: set[int]) -> bool:
    """Whether a page with these letters may need the face: a little more than what a browser takes."""
    ranges = [(int(low, 16), int(high or low, 16)) for low, high in _RANGE.findall(face)]
    return not ranges or any(low <= letter <= high for low, high in ranges for letter in letters)
