"""The site as it is a day from now, for what is only shown of days that are over."""

from datetime import UTC, datetime, timedelta

import time_machine

time_machine.travel(datetime.now(UTC) + timedelta(days=1)).start()

from wsgi import app  # noqa: E402 -- its clocks are set first

__all__ = ["app"]
