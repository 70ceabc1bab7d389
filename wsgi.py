"""The application for WSGI servers and for plain `flask` in this folder."""

import gc

from app import create_app
from app.config import ConfigError
from app.web import refusal_counts

try:
    app = create_app()
except ConfigError as error:
    raise SystemExit(f"Prizewell cannot start: {error}") from None
refusal_counts.keep(app)

# What stands now stands until the end: the collector need not look through it again and again, nor copy its
# pages into each forked process. Requests leave few cycles, so it may also look more seldom.
gc.collect()
gc.freeze()
gc.set_threshold(20_000, 10, 10)
