"""What every answer carries: nothing from elsewhere may run, show, frame or be sent to."""

from flask import Flask, Response, request
from flask.sessions import SecureCookieSessionInterface

POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",  # the stylesheet draws its ticks and arrows from data: addresses
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ]
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    # Pages' addresses stay here; a form's origin must be known for the CSRF check under HTTPS.
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}
YEAR = 365 * 24 * 3600


class SessionCookie(SecureCookieSessionInterface):
    """Sent over HTTPS only, where that is how the browser came; else it could not sign in."""

    def get_cookie_secure(self, app: Flask) -> bool:
        return request.is_secure


def add_headers(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if request.is_secure:
        response.headers.setdefault("Strict-Transport-Security", f"max-age={YEAR}")
    if request.endpoint != "static":
        # A back button must not show a QR code or a list of people after signing out.
        response.headers["Cache-Control"] = "no-store"
        response.vary.add("HX-Request")
    return response
