"""The application for WSGI servers and for plain `flask` in this folder."""

from app import create_app
from app.config import ConfigError

try:
    app = create_app()
except ConfigError as error:
    raise SystemExit(f"Prizewell cannot start: {error}") from None
