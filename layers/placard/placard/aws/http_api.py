"""Behind API Gateway's HTTP API (payload 2.0): the event as a request, the answer as a response, errors as problems.

A literal route table instead of an HTTP router: API Gateway has matched the route already, and Powertools' resolver
takes 0.06 s to import where this module takes 0.01 s, on the cold start of calls that somebody waits for.
"""

from __future__ import annotations

import base64
import binascii
import json
import logging
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl

from placard.aws.http_json import read_json
from placard.aws.http_language import choose_language, describe_language
from placard.aws.http_problems import (
    MEDIA_TYPE,
    ForeignCustomerError,
    NoCallerError,
    UnknownRouteError,
    describe_problem,
)
from placard.domain.problems import LANGUAGES
from placard.domain.refusals import (
    LARGEST_BODY,
    BodyTooLargeError,
    ErrorSource,
    Fault,
    InvalidRequestError,
    UnreadableBodyError,
)

_LOG = logging.getLogger(__name__)
_LONGEST_ID = 512

# Seed 000, word for word but for the anchors: three name/version pairs, one whitespace between.
USER_AGENT = re.compile(r"[^\/\s]+\/[^\/\s]+\s{1}[^\/\s]+\/[^\/\s]+\s{1}[^\/\s]+\/[^\/\s]+")
# W3C Trace Context, version 00 as AVIV documents it; ids of zeros alone are invalid there.
_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
# A page in a browser cannot set the first of these; it says the same in the second.
_AGENT_HEADERS = ("user-agent", "x-user-agent")
_JSON_TYPE = re.compile(r"application/([a-z0-9!#$&^_.+-]+\+)?json\s*(;.*)?", re.IGNORECASE)
_ENTITY_TAGS = re.compile(r'\s*(W/)?"[^"]*"\s*(,\s*(W/)?"[^"]*"\s*)*')
_REVISION_TAG = re.compile(r'(?<!W/)"([1-9][0-9]{0,14})"', re.ASCII)
# What DynamoDB takes in one IN (…).
_MOST_REVISIONS = 100
_NO_REVISION = (0,)


@dataclass(frozen=True, slots=True)
class Request:
    """One call of the API. Header names are in lower case; `raw` is None where the gateway's base64 does not decode.

    `scopes` are those of the caller's token; `instance` names this call in its problems.
    """

    headers: Mapping[str, str]
    path: Mapping[str, str]
    query: tuple[tuple[str, str], ...]
    customer: str
    traceparent: str | None
    raw: bytes | None
    scopes: frozenset[str] = frozenset()
    instance: str = ""

    def read_body(self, largest: int = LARGEST_BODY) -> Any:
        """Return the JSON value sent, of whatever shape; `largest` is in bytes.

        Raises InvalidRequestError (content type), BodyTooLargeError, UnreadableBodyError.
        """
        kind = self.headers.get("content-type", "")
        if kind and not _JSON_TYPE.fullmatch(kind):
            raise InvalidRequestError(ErrorSource.CONTENT_TYPE, [Fault("Content-Type", "must be application/json")])
        if self.raw is None:
            raise UnreadableBodyError("The body is not what its encoding says")
        if len(self.raw) > largest:
            raise BodyTooLargeError(f"The body is over {largest} bytes")
        return read_json(self.raw)

    def read_optional_body(self) -> Any:
        """Return the JSON value sent; an empty object, whatever its content type, where there is none.

        Raises as `read_body` does.
        """
        if self.raw is not None and len(self.raw) <= LARGEST_BODY and not self.raw.strip():
            return {}
        return self.read_body()

    def read_header(self, name: str) -> str | None:
        """Return an optional header of 1 to 512 printable bytes. Raises InvalidRequestError."""
        value = self.headers.get(name.lower())
        if value is not None and not _is_id(value):
            raise InvalidRequestError(
                ErrorSource.HEADER, [Fault(name, f"must have 1 to {_LONGEST_ID} printable bytes")]
            )
        return value

    def read_if_match(self) -> tuple[int, ...] | None:
        """Return the revisions `If-Match` names, None where any will do; a malformed one names none (RFC 9110)."""
        value = self.headers.get("if-match")
        if value is None or value.strip() == "*":
            return None
        if not _ENTITY_TAGS.fullmatch(value):
            return _NO_REVISION
        revisions = {int(tag) for tag in _REVISION_TAG.findall(value)}
        return tuple(sorted(revisions)[-_MOST_REVISIONS:]) or _NO_REVISION

    def read_language(self) -> str:
        """Return the language of the hints that `Accept-Language` asks for, one of `problems.LANGUAGES`."""
        return choose_language(self.headers.get("accept-language"), LANGUAGES)

    def read_limit(self, largest: int) -> int:
        """Return `limit`, at most and by default `largest`. Raises InvalidRequestError."""
        text = self.read_parameter("limit")
        if text is None:
            return largest
        if not re.fullmatch(r"[0-9]{1,9}", text, re.ASCII) or not 1 <= int(text) <= largest:
            raise _refuse_parameter("limit", f"must be a whole number from 1 to {largest}")
        return int(text)

    def read_parameter(self, name: str, allowed: Collection[str] = ()) -> str | None:
        """Return a query parameter that may be given once. Raises InvalidRequestError."""
        values = self.read_parameters(name, allowed)
        if len(values) > 1:
            raise _refuse_parameter(name, "must be given once")
        return values[0] if values else None

    def read_parameters(self, name: str, allowed: Collection[str] = ()) -> tuple[str, ...]:
        """Return every value of a query parameter, none of them empty. Raises InvalidRequestError."""
        values = tuple(value for key, value in self.query if key == name)
        if not all(values):
            raise _refuse_parameter(name, "must not be empty")
        if allowed and not set(values) <= set(allowed):
            raise _refuse_parameter(name, f"must be one of {', '.join(allowed)}")
        return values


@dataclass(frozen=True, slots=True)
class Response:
    """An answer; `body` is any JSON value, and none of a 204."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def in_language(self, language: str) -> Response:
        """Return the answer with the headers that say in which language it was made."""
        return replace(self, headers={**self.headers, **describe_language(language)})


Route = Callable[[Request], Response]


@dataclass(frozen=True, slots=True)
class Dialect:
    """How an API speaks: `refuse` makes an answer of an error and the id of the request."""

    refuse: Callable[[Exception, str], Response]
    wants_user_agent: bool = True


def _refuse(error: Exception, instance: str) -> Response:
    problem = describe_problem(error)
    return Response(problem.status, problem.to_json(instance), {"content-type": MEDIA_TYPE, **problem.headers})


V4 = Dialect(_refuse)


def serve(
    routes: Mapping[str, Route], event: Mapping[str, Any], trusted_clients: Collection[str], dialect: Dialect = V4
) -> dict[str, Any]:
    """Answer one event: nothing a caller sends leaves here as an exception.

    `trusted_clients` are the client ids that may name a customer. What nobody foresaw is logged and answered with 500.
    """
    headers = {name.lower(): str(value) for name, value in (event.get("headers") or {}).items()}
    traceparent = _read_traceparent(headers)
    instance = traceparent or str((event.get("requestContext") or {}).get("requestId", ""))
    try:
        route = _find_route(routes, event)
        request = _read_request(event, headers, traceparent, trusted_clients, dialect, instance)
        answer = _answer(route(request), traceparent)
    except Exception as error:
        refusal = dialect.refuse(error, instance)
        if refusal.status >= 500:
            _LOG.exception("no proper answer", extra={"instance": instance})
        answer = _answer(refusal, traceparent)
    # API Gateway's own log has a line for every answer; a refusal's is looked for by the `instance` that the caller was told.
    level = logging.INFO if answer["statusCode"] >= 400 else logging.DEBUG
    extra = {"route": event.get("routeKey"), "status": answer["statusCode"], "instance": instance}
    _LOG.log(level, "answered", extra=extra)
    return answer


def _find_route(routes: Mapping[str, Route], event: Mapping[str, Any]) -> Route:
    route = routes.get(str(event.get("routeKey")))
    if route is None:
        raise UnknownRouteError("No such route")
    return route


def _read_request(
    event: Mapping[str, Any],
    headers: Mapping[str, str],
    traceparent: str | None,
    trusted_clients: Collection[str],
    dialect: Dialect,
    instance: str,
) -> Request:
    customer = _find_customer(event, headers, trusted_clients)
    named = any(USER_AGENT.fullmatch(headers.get(name, "")) for name in _AGENT_HEADERS)
    if dialect.wants_user_agent and not named:
        fault = Fault("User-Agent", "must be three name/version pairs, one space between: software, tool, system")
        raise InvalidRequestError(ErrorSource.HEADER, [fault])
    path = event.get("pathParameters") or {}
    scopes = frozenset(str(_claims(event).get("scope") or "").split())
    return Request(headers, path, _read_query(event), customer, traceparent, _read_raw(event), scopes, instance)


def _claims(event: Mapping[str, Any]) -> Mapping[str, Any]:
    claims = ((event.get("requestContext") or {}).get("authorizer") or {}).get("jwt", {}).get("claims")
    return claims or {}


def _find_customer(event: Mapping[str, Any], headers: Mapping[str, str], trusted_clients: Collection[str]) -> str:
    """Return whom the caller acts for (contracts/hub.md §2, Auth). The token itself was checked by API Gateway."""
    claims = _claims(event)
    client, own = str(claims.get("client_id") or ""), str(claims.get("customer_id") or "")
    named = headers.get("customer-id")
    if client in trusted_clients and client:
        if named is None:
            return client
        if not _is_id(named):
            fault = Fault("Customer-Id", f"must have 1 to {_LONGEST_ID} printable bytes")
            raise InvalidRequestError(ErrorSource.HEADER, [fault])
        return named
    customer = own or client
    if not customer:
        raise NoCallerError("The token names no client")
    if named is not None and named != customer:
        raise ForeignCustomerError("This token may not act for that customer")
    return customer


def _is_id(value: str) -> bool:
    # Counted in bytes: a customer is part of index keys, which DynamoDB limits in bytes.
    return value.isprintable() and bool(value.strip()) and len(value.encode()) <= _LONGEST_ID


def _read_traceparent(headers: Mapping[str, str]) -> str | None:
    value = headers.get("traceparent", "")
    return value if _TRACEPARENT.fullmatch(value) else None


def _read_query(event: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return the query's pairs as they were sent: API Gateway's own parsing joins repeated ones with commas."""
    raw = event.get("rawQueryString")
    if raw is None:
        return tuple((event.get("queryStringParameters") or {}).items())
    return tuple(parse_qsl(raw, keep_blank_values=True))


def _read_raw(event: Mapping[str, Any]) -> bytes | None:
    body = event.get("body") or ""
    if not event.get("isBase64Encoded"):
        return str(body).encode("utf-8", "surrogatepass")
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        return None


def _refuse_parameter(name: str, reason: str) -> InvalidRequestError:
    return InvalidRequestError(ErrorSource.PARAMETER, [Fault(name, reason)])


def refuse(error: Exception, request: Request) -> Response:
    """Return the answer that an error stands for, for calls that hold several answers in one."""
    return _refuse(error, request.instance)


def _answer(response: Response, traceparent: str | None) -> dict[str, Any]:
    traced = {} if traceparent is None else {"traceparent": traceparent}
    if response.status == 204:
        return {"statusCode": 204, "headers": {**response.headers, **traced}}
    headers = {"content-type": "application/json", **response.headers, **traced}
    body = json.dumps(response.body, ensure_ascii=False, separators=(",", ":"))
    return {"statusCode": response.status, "headers": headers, "body": body, "isBase64Encoded": False}
