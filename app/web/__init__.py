"""The map of the site: which blueprint serves what, and what every answer carries."""

from flask import Flask

from app.config import ROOT
from app.web import (
    campaign_words,
    errors,
    filters,
    form_words,
    headers,
    locale,
    looks,
    packing,
    pictures,
    refusal_counts,
    static_files,
    upkeep,
)
from app.web.access import load_staff
from app.web.account.views import account
from app.web.admin import admin
from app.web.api.docs import api_docs
from app.web.api.views import api
from app.web.counter.views import counter
from app.web.metrics import metrics
from app.web.partner.views import partner
from app.web.picture_code import human
from app.web.public import kept_pages, pages, results, views  # noqa: F401 -- the routes of `public`
from app.web.public.blueprint import public
from app.web.public.fitting import fitting
from app.web.public.form_preview import form_preview
from app.web.public.looks import looks as public_looks
from app.web.public.reminders import reminders
from app.web.public.trying import trying
from app.web.sessions import Sessions
from app.web.winner.views import winner


def register(app: Flask) -> None:
    """Put the site together."""
    app.register_blueprint(human)  # /c/<slug>/code   the code for browsers without JavaScript
    app.register_blueprint(public)  # /            the entrants' pages
    app.register_blueprint(public_looks)  # /c/<slug>   what comes with them: style sheet, card
    app.register_blueprint(reminders)  # /c/<slug>/reminder   who wants to hear of an opening
    app.register_blueprint(winner)  # /me          what somebody has won, and their data
    app.register_blueprint(partner)  # /partner     a partner's own figures
    app.register_blueprint(account)  # /account     staff sign in and out
    app.register_blueprint(admin)  # /admin       the console
    app.register_blueprint(
        fitting
    )  # /admin/campaigns/<slug>/look/page   the landing page in a look not saved
    app.register_blueprint(trying)  # /admin/campaigns/<slug>/try   the entrants' pages, tried by staff
    app.register_blueprint(form_preview)  # /admin/campaigns/<slug>/form/preview   one that is not saved
    app.register_blueprint(counter)  # /counter     where shops without a till take codes
    app.register_blueprint(api)  # /api/v1   what shops' systems call
    app.register_blueprint(api_docs)  # /api/v1   the document about it, and its page
    app.register_blueprint(metrics)  # /metrics   what Prometheus asks for
    app.session_interface = Sessions()
    static_files.register(app, ROOT / "static")  # /static
    headers.register(app)
    packing.register(app)
    errors.register(app)
    filters.register(app)
    form_words.register(app)
    locale.register(app)
    campaign_words.register(app)
    pictures.register(app)  # /pictures
    looks.register(app)
    kept_pages.register(app)
    load_staff(app)
    upkeep.register(app)
    refusal_counts.register(app)
