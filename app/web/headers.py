"""Security headers on every answer."""

from flask import Flask, Response, g

from app.extensions import tools

_SOURCES = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "worker-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}
_FRAME_OPTIONS = {"'none'": "DENY", "'self'": "SAMEORIGIN"}  # what older browsers are told


def _policy(sources: dict[str, str]) -> str:
    return "; ".join(f"{name} {allowed}" for name, allowed in sources.items())


CONTENT_SECURITY_POLICY = _policy(_SOURCES)


def register(app: Flask) -> None:
    """Set the headers after each request."""
    app.after_request(_secure)


def allow(directive: str, sources: str) -> None:
    """Have the answer at work allow these sources, such as the sites that may show it (frame-ancestors)."""
    g.allowed = {**g.get("allowed", {}), directive: sources}


def _secure(response: Response) -> Response:
    headers = response.headers
    allowed: dict[str, str] = g.get("allowed", {})
    headers.setdefault(
        "Content-Security-Policy", _policy(_SOURCES | allowed) if allowed else CONTENT_SECURITY_POLICY
    )
    headers.setdefault("X-Content-Type-Options", "nosniff")
    # It has no word for a list of sites: there it is left out, and every browser of today knows the policy.
    frames = _FRAME_OPTIONS.get(allowed.get("frame-ancestors", "'none'"))
    if frames is not None:
        headers.setdefault("X-Frame-Options", frames)
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
    headers.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=()")
    if tools().settings.is_https:
        headers.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
    if response.mimetype in {"text/html", "application/json"}:
        headers.setdefault("Cache-Control", "no-store")
    return response
