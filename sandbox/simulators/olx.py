"""The OLX Group partner API, simulated: adverts under /advert/v1, tokens under /oauth/v1, signed notifications.

    python -m sandbox.simulators.olx --port P [--callback-url URL] [--secret S] [--delay-ms 300] [--retry-ms 1000]
                                     [--repost-ms 86400000] [--token-seconds 3600] [--log FILE]

Port 0 takes a free one; the port is said in one JSON line. Accepted: API key `hub-demo-api-key`, client
`hub-demo-client` with `hub-demo-secret`, and once each any refresh token beginning with `demo-refresh-token` or code
beginning with `demo-authorization-code` (what follows names the account, else account 1). GET /advert/v1/meta is paged
by `page` (from 1) and `limit` (default 50, at most 100), with the total in `X-Total-Count`: paging of our own, the
vendor's is not published.

Refused at once (400): missing or mistyped members, unknown site, wrong currency, no image, an attribute twice. Refused
later: title with `[refuse]`, lengths outside the site's, an operation the advert's state does not permit. An image with
`tiny` in its URL gives an image error before the success. A POST sooner than `repost_ms` after the DELETE of the same
advert ends `unpaid`.

Switches:

    GET    /_sim/health               {"status": "ok"}
    GET    /_sim/calls?path=&method=  API calls, oldest first; path is a regular expression; no secrets
    GET    /_sim/callbacks?object_id= what was sent: body, attempts, statuses, outcome; by uuid
    GET    /_sim/counts               {calls, writes, tokens, callbacks}
    GET    /_sim/adverts              adverts with account, payload and meta
    POST   /_sim/reset                forgets adverts, records, faults and switches, and with
                                      {"connections": true} tokens too
    POST   /_sim/faults               {match?: {method, path}, times?, share?, seed?, kind, ...}; share: of the calls
                                      that fit, chosen by seed; kinds: status (status, headers, body), html (502
                                      page), drop_before, drop_after (done, not answered; ms before it drops), delay (ms),
                                      endless (status, headers, ms between pieces of a body that does not end)
    GET, DELETE /_sim/faults          the orders in force; none any more
    PUT    /_sim/callbacks            {mode, delay_ms, unsigned, early}, the rest is default; mode: normal, twice,
                                      swapped (each second before its first), none, slow (delay_ms 3000),
                                      mixed ({shares: {"twice": 0.2, …}, seed}, the rest normal);
                                      delay_ms: wait before each (mixed: each slow one); early: the end is told before the 202
    GET, PUT /_sim/rules              delay_ms of an operation; duplicates: reuse, conflict (409 without uuid);
                                      lifecycle: cycle, flat, nested, wrapped, none; names: sample, table (the
                                      other spelling, advert_deactivate_success); rich: fuller posts and puts;
                                      repost_ms; refuse: {"DELETE": 2} refuses the next two deletions later on
    PUT    /_sim/callback             {url, secret?}: where notifications go
    POST   /_sim/adverts/{uuid}/state {code, visible_in_profile?, moderation?, url?}: what a person or the site does,
                                      with its lifecycle event
    POST   /_sim/adverts/{uuid}/message   {text?}: somebody writes (flow incoming_message); answers {object_id}
    POST   /_sim/adverts/{uuid}/promotion {event_type?, object_id?}: a promotion was applied, or by its event type
                                      advert_vas_applied_error, advert_vas_expired, advert_vas_removed (flow
                                      vas_lifecycle); answers {object_id}, that of a promotion to go on with
    POST   /_sim/accounts/{account}/expire-package   {code?: outdated}: active adverts fall, new ones end unpaid
    POST   /_sim/accounts/{account}/restore-package  they come back
    POST   /_sim/accounts/{account}/revoke        the consent ends: every refresh is a 400 until a new code is used
    POST   /_sim/accounts/{account}/expire-tokens its access tokens end (403)
    POST   /_sim/tokens/expire        all access tokens end (403)

The vendor publishes a promotion's events without saying what an error carries: title and detail there are our own.
Notifications not answered 2xx are tried 32 times more, `--retry-ms` apart (30 min at the vendor); slower than 2 s =
dropped.
"""

import argparse
from pathlib import Path
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from sandbox.simulators.controls import build_starlette, read_order
from sandbox.simulators.courier import Courier, RetryPolicy
from sandbox.simulators.faults import BadSwitchError
from sandbox.simulators.gate import Gate
from sandbox.simulators.journal import Journal
from sandbox.simulators.olx_accounts import Accounts
from sandbox.simulators.olx_adverts import DAY_MS, OlxPortal
from sandbox.simulators.olx_api import CallRefusedError, OlxApi, answer_refusal
from sandbox.simulators.olx_messages import PROMOTIONS, Advert, build_meta
from sandbox.simulators.serve import run_simulator

DEFAULT_SECRET = "demo-notification-secret"


class UnknownAdvertError(Exception):
    """A switch names an advert that is not there: 404."""


async def answer_unknown(request: Request, error: Exception) -> Response:
    return JSONResponse({"error": "no such advert"}, 404)


class OlxSwitches:
    """The /_sim calls only OLX has."""

    def __init__(self, portal: OlxPortal) -> None:
        self._portal = portal

    def _find(self, request: Request) -> Advert:
        advert = self._portal.adverts.get(request.path_params["uuid"])
        if advert is None:
            raise UnknownAdvertError
        return advert

    async def set_callback(self, request: Request) -> Response:
        match await read_order(request):
            case {"url": str(url), **rest}:
                self._portal.callback_url = url
                self._portal.secret = str(rest.get("secret", self._portal.secret))
            case _:
                raise BadSwitchError("a callback takes url and secret")
        return JSONResponse({"url": self._portal.callback_url})

    async def change_state(self, request: Request) -> Response:
        advert = self._find(request)
        match await read_order(request):
            case {"code": str(code), **changes}:
                self._portal.change_state(advert, code, {str(name): value for name, value in changes.items()})
            case _:
                raise BadSwitchError("a state takes code, visible_in_profile, moderation and url")
        return JSONResponse(build_meta(advert))

    async def write_message(self, request: Request) -> Response:
        advert = self._find(request)
        match await read_order(request):
            case None:
                text = "Boa tarde, o apartamento ainda está disponível?"
            case {"text": str(text)}:
                pass
            case _:
                raise BadSwitchError("a message takes text")
        return JSONResponse({"object_id": self._portal.receive_message(advert, text)})

    async def promote(self, request: Request) -> Response:
        advert = self._find(request)
        match await read_order(request):
            case None:
                order = {}
            case dict() as order:
                pass
            case _:
                raise BadSwitchError("a promotion takes event_type and object_id")
        event_type = str(order.get("event_type", "advert_vas_applied_success"))
        if event_type not in PROMOTIONS:
            raise BadSwitchError(f"event types of a promotion are {', '.join(PROMOTIONS)}")
        promotion = str(order.get("object_id", uuid4()))
        return JSONResponse({"object_id": self._portal.promote(advert, event_type, promotion)})

    async def expire_package(self, request: Request) -> Response:
        match await read_order(request):
            case None:
                code = "outdated"
            case {"code": str(code)}:
                pass
            case _:
                raise BadSwitchError("an expiry takes code")
        return JSONResponse({"adverts": self._portal.expire_package(request.path_params["account"], code)})

    async def restore_package(self, request: Request) -> Response:
        return JSONResponse({"adverts": self._portal.restore_package(request.path_params["account"])})

    async def revoke_consent(self, request: Request) -> Response:
        self._portal.accounts.revoke(request.path_params["account"])
        return Response(status_code=204)

    async def expire_tokens(self, request: Request) -> Response:
        self._portal.accounts.expire_access(request.path_params.get("account"))
        return Response(status_code=204)


def build_app(
    *,
    callback_url: str | None = None,
    secret: str = DEFAULT_SECRET,
    delay_ms: int = 300,
    retry_ms: int = 1000,
    repost_ms: int = DAY_MS,
    token_seconds: int = 3600,
    log: Path | None = None,
) -> ASGIApp:
    """The simulator as an ASGI app. Durations in milliseconds where named so."""
    journal = Journal(log)
    policy = RetryPolicy(
        accepts=lambda status: 200 <= status < 300, retries=32, interval=retry_ms / 1000, timeout=2.0, retry_slow=False
    )
    rules = {
        "delay_ms": delay_ms,
        "duplicates": "reuse",
        "lifecycle": "cycle",
        "names": "sample",
        "rich": False,
        "repost_ms": repost_ms,
        "refuse": {},
    }
    portal = OlxPortal(journal, Courier(journal, policy), Accounts(token_seconds), rules)
    portal.callback_url, portal.secret = callback_url, secret
    api, switches = OlxApi(portal), OlxSwitches(portal)
    one = "/advert/v1/{uuid}"
    routes = [
        Route("/oauth/v1/token", api.grant_token, methods=["POST"]),
        Route("/advert/v1", api.post_advert, methods=["POST"]),
        Route("/advert/v1/meta", api.list_meta, methods=["GET"]),
        Route(one, api.put_advert, methods=["PUT"]),
        Route(one, api.delete_advert, methods=["DELETE"]),
        Route(f"{one}/deactivate", api.deactivate_advert, methods=["POST"]),
        Route(f"{one}/activate", api.activate_advert, methods=["POST"]),
        Route(f"{one}/meta", api.show_meta, methods=["GET"]),
        Route("/_sim/callback", switches.set_callback, methods=["PUT"]),
        Route("/_sim/adverts/{uuid}/state", switches.change_state, methods=["POST"]),
        Route("/_sim/adverts/{uuid}/message", switches.write_message, methods=["POST"]),
        Route("/_sim/adverts/{uuid}/promotion", switches.promote, methods=["POST"]),
        Route("/_sim/accounts/{account}/expire-package", switches.expire_package, methods=["POST"]),
        Route("/_sim/accounts/{account}/restore-package", switches.restore_package, methods=["POST"]),
        Route("/_sim/accounts/{account}/revoke", switches.revoke_consent, methods=["POST"]),
        Route("/_sim/accounts/{account}/expire-tokens", switches.expire_tokens, methods=["POST"]),
        Route("/_sim/tokens/expire", switches.expire_tokens, methods=["POST"]),
    ]
    handlers = {CallRefusedError: answer_refusal, UnknownAdvertError: answer_unknown}
    return Gate(build_starlette(portal, routes, handlers), journal, portal.faults)


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m sandbox.simulators.olx", description="Simulates the OLX Group partner API on loopback."
    )
    parser.add_argument("--callback-url")
    parser.add_argument("--secret", default=DEFAULT_SECRET)
    parser.add_argument("--delay-ms", type=int, default=300)
    parser.add_argument("--retry-ms", type=int, default=1000)
    parser.add_argument("--repost-ms", type=int, default=DAY_MS)
    parser.add_argument("--token-seconds", type=int, default=3600)
    run_simulator(parser, build_app)


if __name__ == "__main__":
    main()
