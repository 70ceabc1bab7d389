"""Compiled languages for tests started without make, which compiles them itself."""

import os

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from app.config import ROOT

CATALOGUES = sorted((ROOT / "app" / "translations").glob("*/LC_MESSAGES/messages.po"))


def compile_stale() -> None:
    """Compile every language file that is newer than what was compiled from it."""
    for source in CATALOGUES:
        target = source.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime_ns >= source.stat().st_mtime_ns:
            continue
        # Several processes may do this at once: each writes a file of its own and puts it in place whole.
        part = target.with_suffix(f".{os.getpid()}.mo")
        with source.open("rb") as texts, part.open("wb") as compiled:
            write_mo(compiled, read_po(texts))
        part.replace(target)
