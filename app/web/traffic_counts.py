"""Traffic, counted: what is asked for by people, as far as their browsers say."""

from flask import current_app, request

from app.domain.agents import device_class, is_robot
from app.services import traffic
from app.web.refusal_counts import Refusals


def count(slug: str, kind: str) -> None:
    """Count one page shown or one form sent by somebody."""
    if not is_by_somebody():
        return
    own: Refusals = current_app.extensions["prizewell_refusals"]
    own.count_traffic(slug, traffic.reason_of(kind, device_class(request.user_agent.string)))


def is_by_somebody() -> bool:
    """Whether a person asks, now: not a browser that fetches ahead, nor a robot that says it is one."""
    is_ahead = request.headers.get("Sec-Purpose", "").startswith("prefetch")
    return request.method != "HEAD" and not is_ahead and not is_robot(request.user_agent.string)
