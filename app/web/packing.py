"""Pages packed for the way, only where packing gives nothing away.

The length of a packed page tells whether two parts of it are alike. Where a secret (the form's token, a won
code) stands on one page with text the asker has chosen, somebody who can make a visitor's browser ask many
times reads the secret off the lengths (known as BREACH). The pages below show nothing of what their request
brought, beyond choosing among what is stored; answers to a form do, and results hold codes: those go out as
they are.
"""

import gzip

from flask import Flask, Response, request

REFLECT_NOTHING = frozenset(
    {
        "public.home",
        "public.landing_page",
        "public.embedded",
        "public.embedded_via",
        "public.via_partner",
        "public.from_friend",
        "public.rules",
        "public.kept_rules",
        "public.fairness",
        "public.odds_table",
        "looks.style",
    }
)
LEAST_BYTES = 1024  # a packet holds that much anyway


def register(app: Flask) -> None:
    """Pack after each request."""
    app.after_request(_pack)


def _pack(response: Response) -> Response:
    if request.endpoint not in REFLECT_NOTHING or response.status_code != 200:
        return response
    response.vary.add("Accept-Encoding")
    if request.accept_encodings.quality("gzip") > 0:
        body = response.get_data()
        if len(body) >= LEAST_BYTES:
            response.set_data(gzip.compress(body, 6, mtime=0))
            response.headers["Content-Encoding"] = "gzip"
    return response
