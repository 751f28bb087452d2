"""AVIV: the vendor's calls, the token endpoint and the firewall before them (contract: aviv.md §1, §2)."""

import json
import re
import secrets
import time
from base64 import urlsafe_b64encode
from typing import Any
from uuid import uuid4

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.simulators.aviv_answers import acknowledge, answer, answer_page, read_choices, read_json, read_trace
from sandbox.simulators.aviv_classifieds import AvivPortal, Classified, Subscription, list_concerned
from sandbox.simulators.aviv_problems import (
    ProblemError,
    build_contacts_error,
    build_duplicate_error,
    build_problem,
    build_validation_error,
)
from sandbox.simulators.aviv_schema import find_schema_errors, has_two_contacts
from sandbox.simulators.aviv_words import PORTALS
from sandbox.simulators.faults import Fault

CLIENT_ID = "hub-client-id"
TOKEN_MEMBERS = ("client_id", "client_secret", "grant_type", "audience", "intermediary_id")
BASE = "/caas/v4"
USER_AGENT = re.compile(r"[^/\s]+/[^/\s]+\s[^/\s]+/[^/\s]+\s[^/\s]+/[^/\s]+")
RECEIVING = ("RECEIVING", "RECEIVED", "RECEIVING_FAILED")
SUBSCRIBED = RECEIVING + tuple(
    f"{word}{end}" for word in ("CREAT", "UPDAT", "DELET") for end in ("ING", "ED", "ING_FAILED")
)
STATUSES = (*SUBSCRIBED, "CREATED_WITH_MEDIA_ERROR", "UPDATED_WITH_MEDIA_ERROR")
FIREWALL_PAGE = (
    "<html><head><title>403 Forbidden</title></head><body><h1>403 Forbidden</h1>Request blocked.</body></html>"
)


def stop_agent(path: str, headers: Headers) -> Fault | None:
    """The firewall: a call without User-Agent loses its connection, one with another pattern gets an HTML page."""
    if not path.startswith(BASE):
        return None
    agent = headers.get("user-agent")
    if not agent:
        return Fault("drop_before")
    return None if USER_AGENT.fullmatch(agent) else Fault("html", status=403, body=FIREWALL_PAGE)


async def answer_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, ProblemError)
    return build_problem(error, read_trace(request))


class AvivApi:
    """The vendor's calls. Each checks the token first, then existence, then the body."""

    def __init__(self, portal: AvivPortal, token_seconds: int) -> None:
        self._portal = portal
        self._token_seconds = token_seconds

    async def grant_token(self, request: Request) -> Response:
        """One token acts for one intermediary; earlier ones stay valid, but the vendor counts them."""
        body = await read_json(request)
        members = [body.get(name) if isinstance(body, dict) else None for name in TOKEN_MEMBERS]
        if not all(isinstance(member, str) and member for member in members) or members[2] != "client_credentials":
            return refuse_token(
                400, "invalid_request", f"{', '.join(TOKEN_MEMBERS)} are required, for client_credentials"
            )
        client, _, _, audience, intermediary = (str(member) for member in members)
        if client != CLIENT_ID:
            return refuse_token(401, "access_denied", "Unauthorized")
        if not audience.endswith(BASE) or not re.fullmatch(r"RC-\S+", intermediary):
            return refuse_token(403, "access_denied", f"Client is not authorized to access {audience}: no client grant")
        token = build_token(intermediary)
        self._portal.tokens[token] = (intermediary, time.monotonic() + self._token_seconds)
        self._portal.token_counts[intermediary] = self._portal.token_counts.get(intermediary, 0) + 1
        return JSONResponse({"access_token": token, "token_type": "Bearer", "expires_in": self._token_seconds})

    async def post_classified(self, request: Request) -> Response:
        intermediary = self._admit(request)
        body = await self._read_classified(request, intermediary, None)
        classified = Classified(str(uuid4()), intermediary, body)
        self._portal.classifieds[classified.classified_id] = classified
        await self._portal.accept(classified, "POST", list_concerned(classified, []))
        return acknowledge(request, classified)

    async def list_classifieds(self, request: Request) -> Response:
        offered = self._portal.list_offered(self._admit(request))
        estate_id = request.query_params.get("offererEstateId")
        found = [one.show() for one in offered if estate_id in (None, one.estate_id)]
        return answer_page(request, found)

    async def show_classified(self, request: Request) -> Response:
        classified = self._find(request, self._admit(request))
        return answer(request, classified.show(), headers={"etag": f'"{classified.revision}"'})

    async def put_classified(self, request: Request) -> Response:
        """A body equal to the stored one is acknowledged and changes nothing (aviv.md §4.1)."""
        intermediary = self._admit(request)
        classified = self._find(request, intermediary)
        body = await self._read_classified(request, intermediary, classified)
        wanted = request.headers.get("if-match")
        if wanted is not None and f'"{classified.revision}"' not in re.findall(r'"\d+"', wanted):
            raise ProblemError(412, "The revision of If-Match is not the present one")
        if body != classified.body:
            portals = list_concerned(classified, body["portals"])
            classified.body, classified.revision = body, classified.revision + 1
            await self._portal.accept(classified, "PUT", portals)
        return acknowledge(request, classified)

    async def delete_classified(self, request: Request) -> Response:
        classified = self._find(request, self._admit(request))
        classified.deleted, classified.revision = True, classified.revision + 1
        await self._portal.accept(classified, "DELETE", list_concerned(classified, []))
        return acknowledge(request, classified)

    async def list_statuses(self, request: Request) -> Response:
        """Newest first; readable after the deletion too. `latest` = the newest of each portal, as it was told."""
        classified = self._find(request, self._admit(request), deleted_too=True)
        words, portals = read_choices(request, "status", STATUSES), read_choices(request, "portal", PORTALS)
        shown = classified.statuses
        if read_choices(request, "filter", ("latest",)):
            newest = {portal: one["statusId"] for one in reversed(shown) for portal in one["portals"]}
            shown = [one for one in shown if one["statusId"] in newest.values()]
        shown = [
            one
            for one in shown
            if (not words or one["status"] in words) and (not portals or set(portals) & set(one["portals"]))
        ]
        return answer_page(request, shown)

    async def put_webhook(self, request: Request) -> Response:
        intermediary = self._admit(request)
        body = await read_json(request)
        errors = find_webhook_errors(body)
        if errors:
            raise build_validation_error(errors)
        statuses = body.get("statuses")
        self._portal.subscriptions[intermediary] = Subscription(
            body["url"], None if statuses is None else frozenset(statuses)
        )
        return answer(request, "Webhook saved")

    async def delete_webhook(self, request: Request) -> Response:
        if self._portal.subscriptions.pop(self._admit(request), None) is None:
            raise ProblemError(404, "No such resource: webhook.")
        return answer(request, "Webhook deleted")

    def _admit(self, request: Request) -> str:
        """The intermediary the token acts for."""
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        intermediary, ends = self._portal.tokens.get(token, ("", 0.0))
        if time.monotonic() >= ends:
            raise ProblemError(401, "Token missing, wrong or expired")
        return intermediary

    def _find(self, request: Request, intermediary: str, deleted_too: bool = False) -> Classified:
        classified = self._portal.classifieds.get(request.path_params["id"])
        if classified is None or classified.intermediary != intermediary or (classified.deleted and not deleted_too):
            raise ProblemError(404, f"No such resource: {request.path_params['id']}.")
        return classified

    async def _read_classified(self, request: Request, intermediary: str, present: Classified | None) -> dict[str, Any]:
        body = await read_json(request)
        if errors := find_schema_errors(body):
            raise build_validation_error(errors)
        if has_two_contacts(body):
            raise build_contacts_error()
        estate_id = body["data"]["metaData"]["source"]["offererEstateId"]
        others = [one for one in self._portal.list_offered(intermediary) if one is not present]
        for other in others:
            if other.estate_id == estate_id:
                raise build_duplicate_error(estate_id, other.classified_id)
        if self._portal.rules["duplicated_media"]:
            refuse_shared_media(body, others)
        assert isinstance(body, dict)
        return body


def refuse_shared_media(body: dict[str, Any], others: list[Classified]) -> None:
    """Raise the Duplicated-Media problem when a URL belongs to another medium, here or of another classified."""
    taken = {item["url"] for other in others for item in other.body.get("media", [])}
    for item in body.get("media", []):
        if item["url"] in taken:
            raise ProblemError(400, f"url: {item['url']} already used.", "Duplicated-Media-Error", "Duplicated media")
        taken.add(item["url"])


def find_webhook_errors(body: Any) -> list[tuple[str, str]]:
    """`url` is required, `statuses` takes the twelve words that can be subscribed to (aviv.md §6)."""
    if not isinstance(body, dict):
        return [("/", "must be object.")]
    errors = [] if re.match(r"https?://[^\s/]+", str(body.get("url", ""))) else [("/url", "must match format uri.")]
    statuses = body.get("statuses", [])
    if not isinstance(statuses, list) or any(word not in SUBSCRIBED for word in statuses):
        errors.append(("/statuses", "must be equal to one of the allowed values."))
    return errors


def refuse_token(status: int, error: str, description: str) -> Response:
    return JSONResponse({"error": error, "error_description": description}, status)


def build_token(intermediary: str) -> str:
    """Shaped like a JWT; only this simulator reads it."""
    parts = [json.dumps(part).encode() for part in ({"alg": "RS256", "typ": "JWT"}, {"sub": intermediary})]
    return ".".join(urlsafe_b64encode(part).decode().rstrip("=") for part in [*parts, secrets.token_bytes(24)])
