"""Pictures of prizes: served under names nobody can guess, and shown in the width a place needs."""

from typing import Any

from flask import Flask, Response, request, url_for
from markupsafe import Markup
from werkzeug.exceptions import NotFound

from app.domain.pictures import Picture
from app.extensions import tools
from app.web.static_files import FOR_GOOD

FOLDER = "/pictures/"


def register(app: Flask) -> None:
    """Serve the folder of pictures, and give templates the filter `pictured`."""

    def picture(name: str) -> Response:
        """One file; only names of ours are looked for."""
        body = tools().pictures.read(name)
        if body is None:
            raise NotFound
        response = Response(body, mimetype="image/webp")
        response.set_etag(name.removesuffix(".webp"))
        response.headers["Cache-Control"] = FOR_GOOD
        response.make_conditional(request)
        return response

    def pictured(thing: Any, sizes: str = "5rem", alt: str = "") -> Markup:
        """A prize's picture, or its drawing. `thing` has both, or is one of them;
        `sizes` is how wide it is shown, as the attribute has it.
        """
        shown = thing if isinstance(thing, Picture) else getattr(thing, "picture", None)
        if shown is None:
            drawn: Markup = app.jinja_env.filters["artwork"](getattr(thing, "artwork", thing))
            return drawn
        urls = [(url_for("picture", name=shown.file_name(width)), width) for width in shown.widths]
        return Markup(
            '<img class="photo" src="{}" srcset="{}" sizes="{}"'
            ' width="{}" height="{}" alt="{}" decoding="async">'
        ).format(
            urls[0][0],
            ", ".join(f"{url} {width}w" for url, width in urls),
            sizes,
            shown.width,
            shown.height,
            alt,
        )

    app.add_url_rule(f"{FOLDER}<name>", "picture", picture)
    app.jinja_env.filters["pictured"] = pictured
