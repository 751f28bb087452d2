"""A CRM's receiver in its smallest right form, to read and to certify against: python -m certify.reference PORT

The secret of `PUT /webhooks` is read from CRM_SECRET; during a rotation both, separated by a blank."""

import json
import os
import sys
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock
from typing import Any

from standardwebhooks.webhooks import Webhook, WebhookVerificationError


class Receiver(BaseHTTPRequestHandler):
    """Verify, take each entry once, keep the newest of each listing and channel."""

    protocol_version = "HTTP/1.1"
    server: "Server"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(self.take(body) if self.is_signed(body) else 401)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def is_signed(self, body: bytes) -> bool:
        for secret in self.server.secrets:
            # The body as it came: read as JSON and written again, it has another signature. ValueError: no base64.
            with suppress(WebhookVerificationError, ValueError):
                secret.verify(body, dict(self.headers), json_parse=False)
                return True
        return False

    def take(self, body: bytes) -> int:
        entry = json.loads(body)
        place = entry["classifiedId"], entry["channel"]
        with self.server.lock:  # a database would do all of this in one transaction
            if self.headers["webhook-id"] not in self.server.taken:
                self.server.taken.add(self.headers["webhook-id"])
                if self.server.newest.get(place, entry)["creationDate"] <= entry["creationDate"]:
                    self.server.newest[place] = entry
        return 201

    def log_message(self, format: str, *arguments: Any) -> None:
        pass  # a path may hold what only the hub should know


class Server(ThreadingHTTPServer):
    def __init__(self, port: int, secrets: list[str], receiver: type[Receiver] = Receiver) -> None:
        super().__init__(("127.0.0.1", port), receiver)
        self.secrets = [Webhook(secret) for secret in secrets]
        self.taken: set[str] = set()
        self.newest: dict[tuple[str, str], dict[str, Any]] = {}
        self.lock = Lock()


if __name__ == "__main__":
    Server(int(sys.argv[1]), os.environ["CRM_SECRET"].split()).serve_forever()
