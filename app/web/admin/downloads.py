"""Files the console sends while they are made."""

from collections.abc import Iterator

from flask import stream_with_context
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.extensions import db


def as_download(lines: Iterator[str] | Iterator[bytes], name: str, kind: str = "text/csv") -> Response:
    """A file, streamed: CSV unless told otherwise. `name` is made of slugs only."""
    return Response(
        stream_with_context(_encoded(lines, db.session())),
        mimetype=kind,
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )


def _encoded(lines: Iterator[str] | Iterator[bytes], session: Session) -> Iterator[bytes]:
    # The request is over before the last line is out: nobody but us gives its connection back then.
    try:
        for line in lines:
            yield line.encode() if isinstance(line, str) else line
    finally:
        session.close()
