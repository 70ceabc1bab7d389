"""How the console answers: a page, or for htmx the part of it that changed."""

from dataclasses import dataclass, field
from typing import Any

from flask import flash, get_flashed_messages, make_response, redirect, render_template, request
from werkzeug.wrappers import Response

from app.extensions import tools
from app.services.audit import Actor
from app.web.access import current_actor, is_htmx


@dataclass(frozen=True, slots=True)
class Ask:
    """A question before what cannot be undone: what will happen, in numbers, and the button that does it."""

    title: str
    lines: tuple[str, ...]
    action_url: str
    action_label: str
    back_url: str
    danger: bool = True
    swaps: str = ""  # the part of the page that changes, as a CSS selector
    values: dict[str, str] = field(default_factory=dict)
    preview: Any = None  # what the change would do: see live.py
    needs_reason: bool = False
    error: str = ""  # what was wrong with the answer


def show(page: str, part: str, status: int = 200, **values: Any) -> Response:
    """The whole page, or for htmx its changing part with the messages due."""
    if not is_htmx():
        return make_response(render_template(page, **values), status)
    content = render_template(part, **values)
    messages = get_flashed_messages(with_categories=True)
    return make_response(content + render_template("admin/_beside.html", messages=messages), status)


def asked(ask: Ask, status: int = 200) -> Response:
    """The question as a dialog over the page, or as a page of its own."""
    page = render_template("admin/_ask.html" if is_htmx() else "admin/ask.html", ask=ask)
    answer = make_response(page, status)
    if is_htmx():  # also where it comes between a button and what the button changes
        answer.headers["HX-Retarget"], answer.headers["HX-Reswap"] = "#ask", "innerHTML"
    return answer


def done(message: str, url: str) -> Response:
    """After a change: back to the page that shows it."""
    flash(message, "good")
    return redirect(url, 303)


def trail() -> dict[str, Any]:
    """What every change of a service is told: who, when, and why if somebody said so."""
    actor: Actor = current_actor()
    reason = "".join(filter(str.isprintable, " ".join(request.form.get("reason", "").split())))
    return {"actor": actor, "now": tools().now(), "reason": reason[:200]}


def public_url(path: str) -> str:
    """The absolute address of one of our pages, as visitors know it."""
    return tools().settings.public_url + path
