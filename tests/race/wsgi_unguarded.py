"""The application with the claim's guard taken out; only the control of the race tests serves it."""

from unittest.mock import patch

from app import create_app
from tests.race.unguarded import Asking, claim_what_was_seen
from tests.support.site import THREADS

patch("app.services.entries.claim", claim_what_was_seen).start()
patch("app.web.public.views.submit_entry", Asking(THREADS)).start()

app = create_app()
