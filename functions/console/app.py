"""The console: a page for the agency's support person. It holds no data: the page asks the API with its reader's token."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

FOLDER = Path(__file__).parent
PAGE = "index.html"
SETTINGS = "settings.json"
# What may be fetched, and as what; the folder holds nothing else that is served.
TYPES = {
    PAGE: "text/html; charset=utf-8",
    SETTINGS: "application/json",
    "console.css": "text/css; charset=utf-8",
    "icon.svg": "image/svg+xml",
    "main.js": "text/javascript; charset=utf-8",
    "api.js": "text/javascript; charset=utf-8",
    "board.js": "text/javascript; charset=utf-8",
    "dom.js": "text/javascript; charset=utf-8",
    "grid.js": "text/javascript; charset=utf-8",
    "listing.js": "text/javascript; charset=utf-8",
    "session.js": "text/javascript; charset=utf-8",
    "texts.js": "text/javascript; charset=utf-8",
}
# How people sign in (OAuth 2.0 authorization code with PKCE), as the template's parameters say; empty: with a token.
SIGN_IN = {
    "authorizeUrl": os.environ.get("CONSOLE_AUTHORIZE_URL", ""),
    "tokenUrl": os.environ.get("CONSOLE_TOKEN_URL", ""),
    "clientId": os.environ.get("CONSOLE_CLIENT_ID", ""),
}
_TAGS = re.compile(r'(?:W/)?("[^"]*")')


def list_headers(token_url: str) -> dict[str, str]:
    """Return the headers of every answer; the page may call this API and the token endpoint, and nothing else."""
    parts = urlsplit(token_url)
    called = f" {parts.scheme}://{parts.netloc}" if parts.netloc else ""
    policy = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self'",
        "connect-src": f"'self'{called}",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
        # No text ever becomes markup: the browser itself refuses innerHTML and its kin.
        "require-trusted-types-for": "'script'",
        "trusted-types": "'none'",
    }
    return {
        "cache-control": "no-cache",
        "content-security-policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "permissions-policy": "camera=(), geolocation=(), microphone=()",
        "referrer-policy": "no-referrer",
        "strict-transport-security": "max-age=31536000",
        "x-content-type-options": "nosniff",
    }


def read_assets() -> dict[str, tuple[str, str]]:
    """Return the text and the entity tag of everything that is served."""
    texts = {name: (FOLDER / name).read_text(encoding="utf-8") for name in TYPES if name != SETTINGS}
    texts[SETTINGS] = json.dumps(SIGN_IN)
    return {name: (text, f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"') for name, text in texts.items()}


HEADERS = list_headers(SIGN_IN["tokenUrl"])
ASSETS = read_assets()


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answer API Gateway: the page, one of its parts, 304 where the browser has it already, 404 for anything else."""
    parameters = event.get("pathParameters") or {}
    name = parameters.get("asset", PAGE) if event.get("routeKey") != "GET /console" else PAGE
    if name not in ASSETS:
        return {"statusCode": 404, "headers": HEADERS | {"content-type": "text/plain"}, "body": "Not found"}
    text, tag = ASSETS[name]
    headers = HEADERS | {"content-type": TYPES[name], "etag": tag}
    if has(event.get("headers") or {}, tag):
        return {"statusCode": 304, "headers": headers}
    return {"statusCode": 200, "headers": headers, "body": text, "isBase64Encoded": False}


def has(headers: Mapping[str, str], tag: str) -> bool:
    """Whether `If-None-Match` names this entity tag (RFC 9110 §13.1.2: the weak comparison)."""
    wanted = next((value for name, value in headers.items() if name.lower() == "if-none-match"), "")
    return wanted.strip() == "*" or tag in _TAGS.findall(wanted)
