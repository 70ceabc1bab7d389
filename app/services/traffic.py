"""Traffic: pages shown, forms started and forms sent, by the kind of device. Of nobody."""

from app.models import TrafficCount
from app.services.tallies import Store

PAGE, STARTED, SENT = "page", "started", "sent"


def reason_of(kind: str, device: str) -> str:
    """What a tally calls the two together."""
    return f"{kind}/{device}"


def _columns(word: str) -> tuple[str, ...]:
    kind, _, device = word.partition("/")
    return kind, device


STORE = Store(TrafficCount, ("kind", "device"), _columns)
