"""The application with two empty routes to compare with: one of its own, one of a Flask with nothing else."""

from flask import Flask
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from wsgi import app as site


def empty() -> str:
    """Answer nothing."""
    return ""


site.add_url_rule("/empty", view_func=empty)
bare = Flask("bare")
bare.add_url_rule("/", view_func=empty)
app = DispatcherMiddleware(site, {"/bare": bare})
