"""The language of a page: the one chosen (`?lang=tr`, remembered), or the browser's first that we speak."""

from flask import request, session

LANGUAGES = ("en", "tr")


def select_locale() -> str:
    """The locale of this request; English when nothing else fits."""
    asked = request.args.get("lang", "")
    if asked in LANGUAGES:
        session["lang"] = asked
    chosen = session.get("lang")
    if chosen in LANGUAGES:
        return str(chosen)
    return request.accept_languages.best_match(LANGUAGES) or LANGUAGES[0]
