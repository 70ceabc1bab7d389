"""Traffic, counted: what is asked for by people, as far as their browsers say."""

from flask import current_app, request

from app.domain.agents import device_class, is_robot
from app.services import traffic
from app.web.refusal_counts import Refusals


def count(slug: str, kind: str) -> None:
    """Count one page shown or one form sent; not what a browser fetches ahead, nor what a robot asks for."""
    agent = request.user_agent.string
    is_ahead = request.headers.get("Sec-Purpose", "").startswith("prefetch")
    if request.method == "HEAD" or is_ahead or is_robot(agent):
        return
    own: Refusals = current_app.extensions["prizewell_refusals"]
    own.count_traffic(slug, traffic.reason_of(kind, device_class(agent)))
