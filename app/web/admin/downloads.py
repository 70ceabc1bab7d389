"""Files the console sends while they are made."""

from collections.abc import Iterator

from flask import stream_with_context
from werkzeug.wrappers import Response


def as_download(lines: Iterator[str], name: str) -> Response:
    """A CSV file, streamed. `name` is made of slugs only."""
    return Response(
        stream_with_context(line.encode() for line in lines),
        mimetype="text/csv",
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )
