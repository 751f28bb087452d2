"""An identity provider of the tests' own: authorization code with PKCE (RFC 6749 §4.1, RFC 7636), judged strictly."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

CLIENT = "placard-console"


@dataclass
class IdentityProvider:
    """`token` is what it gives to whoever keeps to the protocol; `refuses` lets it send people back with an error."""

    url: str
    redirect_uri: str
    token: str
    refuses: bool = False
    wrong_state: bool = False
    challenges: dict[str, str] = field(default_factory=dict)
    asked: list[dict[str, str]] = field(default_factory=list)

    def authorize(self, query: dict[str, str]) -> str:
        """Return where the browser is sent back to: whoever asks is let in."""
        self.asked.append(query)
        assert (query["client_id"], query["redirect_uri"]) == (CLIENT, self.redirect_uri)
        assert (query["response_type"], query["code_challenge_method"]) == ("code", "S256")
        if self.refuses:
            return f"{self.redirect_uri}?{urlencode({'error': 'access_denied', 'error_description': 'Not you'})}"
        code = f"code-{len(self.asked)}"
        self.challenges[code] = query["code_challenge"]
        state = "another" if self.wrong_state else query["state"]
        return f"{self.redirect_uri}?{urlencode({'code': code, 'state': state})}"

    def exchange(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """Return a token for a code, once, and only to whom it was given."""
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        proof = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        right = form.get("grant_type") == "authorization_code" and form.get("client_id") == CLIENT
        right &= form.get("redirect_uri") == self.redirect_uri and len(form.get("code_verifier", "")) >= 43
        if not right or self.challenges.pop(form.get("code", ""), None) != proof:
            return 400, {"error": "invalid_grant"}
        return 200, {"access_token": self.token, "token_type": "Bearer", "expires_in": 3600}


@contextmanager
def running_provider(redirect_uri: str, token: str) -> Iterator[IdentityProvider]:
    """Serve it on loopback."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Door)
    provider = IdentityProvider(f"http://127.0.0.1:{server.server_port}", redirect_uri, token)
    server.provider = provider  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()


class _Door(BaseHTTPRequestHandler):
    @property
    def provider(self) -> IdentityProvider:
        provider: IdentityProvider = self.server.provider  # type: ignore[attr-defined]
        return provider

    def do_GET(self) -> None:
        self.send_response(302)
        self.send_header("location", self.provider.authorize(dict(parse_qsl(urlsplit(self.path).query))))
        self.send_header("content-length", "0")
        self.end_headers()

    def do_POST(self) -> None:
        form = self.rfile.read(int(self.headers["content-length"])).decode()
        status, said = self.provider.exchange(dict(parse_qsl(form)))
        body = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.send_header("access-control-allow-origin", self.headers.get("origin", ""))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""
