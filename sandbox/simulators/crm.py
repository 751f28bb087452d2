"""A CRM's receiving end, simulated: takes callbacks under any prefix, `POST {prefix}/classifieds/{id}/statuses` → 201.

    python -m sandbox.simulators.crm --port P [--log FILE]

Port 0 takes a free one; the port is said in one JSON line. Subscribe `http://127.0.0.1:P/<customer>`, a prefix for each
customer, so that their calls and faults are told apart by path. Once it has the secrets of a prefix, a callback without a
valid signature (Standard Webhooks, by their public library) is answered 401.

Switches:

    GET    /_sim/health               {"status": "ok"}
    GET    /_sim/calls?path=&method=  what came, oldest first, with body, the status answered (null: none), fault and
                                      webhook {id, timestamp, verified}; verified is null without the prefix's secrets;
                                      path is a regular expression
    GET    /_sim/accepted?path=&after= the callbacks that were taken {path, webhook_id, time}, in order; path is a regular
                                      expression, after leaves out so many of the first; `next` is the after of next time.
                                      One whose answer a fault swallowed was taken all the same
    GET    /_sim/counts               {calls, writes, tokens, callbacks}
    PUT    /_sim/secrets              {"/<customer>": ["whsec_…", …], …}: the secrets of these prefixes
    POST   /_sim/reset                forgets calls, faults and secrets
    POST   /_sim/faults               {match?: {method, path}, times?, share?, seed?, kind, ...}; share: of the calls
                                      that fit, chosen by seed; kinds: status (status, headers, body), html (502
                                      page), drop_before, drop_after (done, not answered; ms before it drops), delay (ms),
                                      endless (status, headers, ms between pieces of a body that does not end)
    GET, DELETE /_sim/faults          the orders in force; none any more

Orders, all for `times` calls or until they are dropped:

    refused for good      {"kind": "status", "status": 410}
    asked to wait         {"kind": "status", "status": 429, "headers": {"Retry-After": "30"}}
    sent elsewhere        {"kind": "status", "status": 302, "headers": {"Location": "http://169.254.169.254/"}}
    one classified only   {"match": {"path": "/classifieds/<id>/"}, "kind": "status", "status": 404}; the oldest order that
                          fits strikes, and all others are answered 201
    down                  {"kind": "drop_before"}, for one customer with {"match": {"path": "^/<customer>/"}}
    slow                  {"kind": "delay", "ms": 15000}; slow body: {"kind": "endless", "status": 201, "ms": 500}
"""

import argparse
from contextlib import suppress
from pathlib import Path
from typing import Any

from standardwebhooks.webhooks import EmptyWebhookSecretError, Webhook, WebhookVerificationError
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from sandbox.simulators.controls import build_gate_controls, read_order, read_pattern, refuse_switch
from sandbox.simulators.faults import BadSwitchError, FaultPlan
from sandbox.simulators.gate import Gate
from sandbox.simulators.journal import Journal, format_now
from sandbox.simulators.serve import run_simulator

STATUSES = "/classifieds/{id}/statuses"


class CrmReceiver:
    """What answers callbacks, and the /_sim calls only the CRM has."""

    def __init__(self, journal: Journal, faults: FaultPlan) -> None:
        self._journal = journal
        self._faults = faults
        self._secrets: dict[str, list[Webhook]] = {}
        self._accepted: list[dict[str, str | None]] = []

    async def accept_status(self, request: Request) -> Response:
        path = request.url.path
        if self._verify(path, request.headers, await request.body()) is False:
            return JSONResponse({"error": "no valid signature"}, 401)
        self._accepted.append({"path": path, "webhook_id": request.headers.get("webhook-id"), "time": format_now()})
        return Response(status_code=201)

    async def list_accepted(self, request: Request) -> Response:
        path, after = read_pattern(request), request.query_params.get("after", "0")
        if not after.isdecimal():
            raise BadSwitchError("after must be a whole number")
        found = [one for one in self._accepted[int(after) :] if path.search(str(one["path"]))]
        return JSONResponse({"items": found, "next": len(self._accepted)})

    async def set_secrets(self, request: Request) -> Response:
        order = await read_order(request)
        if not isinstance(order, dict) or not all(isinstance(secrets, list) for secrets in order.values()):
            raise BadSwitchError("secrets are an object: prefix to list of secrets")
        self._secrets.update({prefix: [read_secret(one) for one in secrets] for prefix, secrets in order.items()})
        return Response(status_code=204)

    async def reset(self, request: Request) -> Response:
        self._journal.clear()
        self._faults.orders.clear()
        self._secrets.clear()
        self._accepted.clear()
        return Response(status_code=204)

    def inspect(self, path: str, headers: Headers, body: bytes) -> dict[str, Any]:
        """What the journal keeps of a callback's proof."""
        return {
            "id": headers.get("webhook-id"),
            "timestamp": headers.get("webhook-timestamp"),
            "verified": self._verify(path, headers, body),
        }

    def _verify(self, path: str, headers: Headers, body: bytes) -> bool | None:
        """Whether one of the prefix's secrets made the signature, None without any."""
        secrets = self._secrets.get(path.rpartition("/classifieds/")[0])
        if secrets is None:
            return None
        for secret in secrets:
            # Beside its own error the library lets those of a signature that is not even base64 pass.
            with suppress(WebhookVerificationError, ValueError):
                secret.verify(body, dict(headers), json_parse=False)
                return True
        return False


def read_secret(text: Any) -> Webhook:
    """The library's verifier for `whsec_…`.

    Raises:
        BadSwitchError: it is no secret.
    """
    if not isinstance(text, str) or not text.startswith("whsec_"):
        raise BadSwitchError("a secret is a text that begins with whsec_")
    try:
        return Webhook(text)
    except (ValueError, EmptyWebhookSecretError) as error:
        raise BadSwitchError(f"a secret goes on in base64: {error}") from error


def build_app(*, log: Path | None = None) -> ASGIApp:
    """The simulator as an ASGI app."""
    journal, faults = Journal(log), FaultPlan()
    crm = CrmReceiver(journal, faults)
    routes = [
        *build_gate_controls(journal, faults),
        Route("/_sim/accepted", crm.list_accepted),
        Route("/_sim/secrets", crm.set_secrets, methods=["PUT"]),
        Route("/_sim/reset", crm.reset, methods=["POST"]),
        Route(STATUSES, crm.accept_status, methods=["POST"]),
        Route(f"/{{customer:path}}{STATUSES}", crm.accept_status, methods=["POST"]),
    ]
    app = Starlette(routes=routes, exception_handlers={BadSwitchError: refuse_switch})
    return Gate(app, journal, faults, inspect=crm.inspect)


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m sandbox.simulators.crm", description="Simulates a CRM's receiving end on loopback."
    )
    run_simulator(parser, build_app)


if __name__ == "__main__":
    main()
