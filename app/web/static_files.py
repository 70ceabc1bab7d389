"""Style sheets, scripts, fonts and pictures: packed once, and kept by browsers for good.

The address carries a digest of the whole folder, /static/<version>/js/entry.js: a changed file is a new
address, and what a script imports or a style sheet names beside itself has the same version. Files are read
when the application starts.
"""

import gzip
import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from flask import Flask, Response, request
from werkzeug.exceptions import NotFound

FOR_GOOD = "public, max-age=31536000, immutable"
ASK_AGAIN = "no-cache"
# A table of our own: what a system's own says of these differs, and browsers are told not to guess.
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml; charset=utf-8",
    ".woff2": "font/woff2",
}
_PLAIN = "text/plain; charset=utf-8"
_VERSION = re.compile(r"[0-9a-f]{12}/")
_PACKED_ALREADY = {".woff2"}


@dataclass(frozen=True, slots=True)
class StaticFile:
    """One file as it goes out; `packed` is its gzip where that is smaller."""

    body: bytes
    packed: bytes | None
    content_type: str
    tag: str


@dataclass(frozen=True, slots=True)
class StaticFiles:
    """A folder's files by their path in it, and the version they make together."""

    version: str
    by_path: dict[str, StaticFile]


@lru_cache(maxsize=4)
def read(folder: Path) -> StaticFiles:
    """Read and pack a folder, once in each process."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    found = {path.relative_to(folder).as_posix(): _read_one(path) for path in paths}
    names = "".join(f"{name} {file.tag}\n" for name, file in found.items())
    return StaticFiles(_digest(names.encode())[:12], found)


def _read_one(path: Path) -> StaticFile:
    body = path.read_bytes()
    packed = None if path.suffix in _PACKED_ALREADY else gzip.compress(body, 9, mtime=0)
    smaller = packed if packed and len(packed) < len(body) else None
    return StaticFile(body, smaller, TYPES.get(path.suffix, _PLAIN), _digest(body)[:24])


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def register(app: Flask, folder: Path) -> None:
    """Serve a folder: `url_for('static', filename=…)` gives the address with the version."""
    files = read(folder)
    app.static_folder = str(folder)

    def static(filename: str) -> Response:
        return _answer(files.by_path.get(filename), FOR_GOOD)

    def static_other(filename: str) -> Response:
        """Pages opened before an update ask for older versions: they get the file of today."""
        return _answer(files.by_path.get(_VERSION.sub("", filename, count=1)), ASK_AGAIN)

    app.add_url_rule(f"/static/{files.version}/<path:filename>", "static", static)
    app.add_url_rule("/static/<path:filename>", "static_other", static_other)


def _answer(file: StaticFile | None, caching: str) -> Response:
    if file is None:
        raise NotFound
    is_packed = file.packed is not None and request.accept_encodings.quality("gzip") > 0
    response = Response(file.packed if is_packed else file.body, content_type=file.content_type)
    response.set_etag(f"{file.tag}-gzip" if is_packed else file.tag)
    response.headers["Cache-Control"] = caching
    if file.packed is not None:
        response.vary.add("Accept-Encoding")
    if is_packed:
        response.headers["Content-Encoding"] = "gzip"
    response.make_conditional(request)
    return response
