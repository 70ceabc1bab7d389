"""Security headers on every answer: all of them on what can be opened or can run by itself."""

from flask import Flask, Response, g

from app.extensions import tools

_SOURCES = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "media-src": "'self'",
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
_USUAL = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=()",
}
# What a page is made of obeys some of them only; a script may be a worker, which obeys the policy as well.
_ON_PARTS = {
    name: _USUAL[name]
    for name in ("X-Content-Type-Options", "Referrer-Policy", "Cross-Origin-Resource-Policy")
}
_OF_TYPES = {
    **dict.fromkeys(("text/css", "font/woff2", "image/jpeg", "image/png", "image/webp"), _ON_PARTS),
    "text/javascript": _ON_PARTS | {"Content-Security-Policy": CONTENT_SECURITY_POLICY},
}
_OVER_HTTPS = {"Strict-Transport-Security": "max-age=31536000; includeSubDomains"}
_NOT_KEPT = {"Cache-Control": "no-store"}


def register(app: Flask) -> None:
    """Set the headers after each request."""
    app.after_request(_secure)


def allow(directive: str, sources: str) -> None:
    """Have the answer at work allow these sources, such as the sites that may show it (frame-ancestors)."""
    g.allowed = {**g.get("allowed", {}), directive: sources}


def _secure(response: Response) -> Response:
    """Add what the view has not said itself; in one go, since it is on the path of every answer."""
    allowed: dict[str, str] = g.get("allowed", {})
    usual = _allowing(allowed) if allowed else _OF_TYPES.get(response.mimetype or "", _USUAL)
    if tools().settings.is_https:
        usual = usual | _OVER_HTTPS
    if response.mimetype in {"text/html", "application/json"}:
        usual = usual | _NOT_KEPT
    said = {name.lower() for name, _value in response.headers}
    response.headers.extend([header for header in usual.items() if header[0].lower() not in said])
    return response


def _allowing(allowed: dict[str, str]) -> dict[str, str]:
    headers = _USUAL | {"Content-Security-Policy": _policy(_SOURCES | allowed)}
    # It has no word for a list of sites: there it is left out, and every browser of today knows the policy.
    frames = _FRAME_OPTIONS.get(allowed.get("frame-ancestors", "'none'"))
    if frames is None:
        del headers["X-Frame-Options"]
    else:
        headers["X-Frame-Options"] = frames
    return headers
