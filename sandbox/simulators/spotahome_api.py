"""Spotahome: logins, listing processes and properties over HTTP (contract: spotahome.md §2, §3, §5, §6, §7)."""

import asyncio
import json
import re
import secrets
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.simulators.spotahome_processes import CLOSED, STATES, Process, Property, SpotahomePortal, Token, owner_of

PASSWORD = "not-a-real-password"
TYPE = "http://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html"
TITLES = {
    400: "Bad Request",
    401: "Unauthorized",
    404: "Not Found",
    409: "Conflict",
    422: "Unprocessable Entity",
    500: "Internal Server Error",
}
PROCESSES, PROCESS_STATES, PROPERTIES = "sah:listing-processes", "sah:listing-process:states", "sah:properties"
TYPES = ("apartment", "studio", "roomShared", "residence")
CITY_IDS = (
    "seville", "madrid", "barcelona", "bilbao", "valencia", "granada", "brussels", "dublin", "london", "rome", "milan",
    "paris", "lyon", "dubai", "berlin", "vienna", "istanbul", "turin", "bologna", "florence",
)  # fmt: skip
REQUIRED = {"type": str, "location": dict, "ownerId": str, "totalUnits": int, "rentableUnits": int}
PLACE_REQUIRED: dict[str, type | tuple[type, ...]] = {
    "addressLine1": str,
    "city": str,
    "cityId": str,
    "postalCode": str,
    "latitude": (int, float),
    "longitude": (int, float),
}
LIMITS = {"latitude": 90, "longitude": 180}
UUID_LENGTH = 36
MOST_PER_PAGE = 100


class ProblemError(Exception):
    """A refusal in the portal's words. `messages` are a 422's: field → rule → text."""

    def __init__(self, status: int, detail: str, messages: dict[str, dict[str, str]] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.messages = messages


async def answer_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, ProblemError)
    body: dict[str, Any] = {"detail": str(error), "status": error.status, "title": TITLES[error.status], "type": TYPE}
    if error.messages is not None:
        # The seed's own sample is cut off like this.
        body |= {"type": "`http://www.w3.org/Protocols/rfc2616/rfc2616", "validationMessages": error.messages}
    return JSONResponse(body, error.status)


class SpotahomeApi:
    """The portal's calls. Each checks the token first, then the request, then whether the object is the caller's."""

    def __init__(self, portal: SpotahomePortal, token_seconds: float) -> None:
        self._portal = portal
        self._token_seconds = token_seconds

    # --- logins ---

    async def log_in(self, request: Request) -> Response:
        body = await read_json(request)
        email, password = (body.get(name) if isinstance(body, dict) else None for name in ("email", "password"))
        if not isinstance(email, str) or not isinstance(password, str):
            raise ProblemError(400, "email and password are required")
        if password != PASSWORD:
            raise ProblemError(401, "Unauthorized user")
        return JSONResponse({"token": self._grant(email)}, 201)

    async def show_me(self, request: Request) -> Response:
        token = self._admit(request)
        return JSONResponse({"id": token.owner, "email": token.email})

    async def swap_token(self, request: Request) -> Response:
        """The old token ends at once: a caller that refreshes twice at a time loses one of both."""
        token = self._admit(request)
        del self._portal.tokens[request.headers["authorization"]]
        return JSONResponse({"token": self._grant(token.email)}, 201)

    def _grant(self, email: str) -> str:
        ends = time.time() + self._token_seconds
        claims = json.dumps({"sub": email, "exp": int(ends), "jti": secrets.token_hex(8)})
        text = f"aa.{urlsafe_b64encode(claims.encode()).decode().rstrip('=')}.{secrets.token_hex(8)}"
        self._portal.tokens[text] = Token(owner_of(email), email, ends)
        return text

    def _admit(self, request: Request) -> Token:
        """The raw token, without `Bearer` (§2)."""
        given = request.headers.get("authorization", "")
        token = self._portal.tokens.get(given)
        if token is None or time.time() >= token.ends_at:
            raise ProblemError(401, "The token has expired" if token else "Unauthorized user")
        token.calls += 1
        if 0 < self._portal.rules["token_calls"] < token.calls:
            del self._portal.tokens[given]
            raise ProblemError(401, "The token has expired")
        return token

    # --- listing processes ---

    async def list_processes(self, request: Request) -> Response:
        token = self._admit(request)
        page, size = read_number(request, "page", 1), read_number(request, "itemsPerPage", MOST_PER_PAGE)
        wanted = read_filters(request)
        await self._trouble()
        found = self._portal.list_processes(token.owner, wanted)
        return self._answer_page(request, PROCESSES, [process.show() for process in found], page, size)

    async def list_states(self, request: Request) -> Response:
        self._admit(request)
        page, size = read_number(request, "page", 1), read_number(request, "itemsPerPage", MOST_PER_PAGE)
        return self._answer_page(request, PROCESS_STATES, [{"state": state} for state in STATES], page, size)

    async def cancel_process(self, request: Request) -> Response:
        process = self._find(request, self._admit(request))
        if process.state in CLOSED:
            raise ProblemError(409, f"Listing process {process.number} cannot be cancelled in its present state")
        process.state = "cancelled"
        return Response(status_code=204)

    async def assign_agent(self, request: Request) -> Response:
        token = self._admit(request)
        body = await read_json(request)
        agent = body.get("agentId") if isinstance(body, dict) else None
        process = self._find(request, token)
        if not isinstance(agent, str) or len(agent) < UUID_LENGTH:
            messages = {"agentId": {"stringLength": f"The value is shorter than {UUID_LENGTH} characters"}}
            raise ProblemError(422, "One field did not pass validation", messages)
        process.agent_id = agent
        return Response(status_code=204)

    async def release_agent(self, request: Request) -> Response:
        self._find(request, self._admit(request)).agent_id = None
        return Response(status_code=204)

    def _find(self, request: Request, token: Token) -> Process:
        number = request.path_params["id"]
        process = self._portal.find_process(int(number)) if number.isascii() and number.isdigit() else None
        if process is None or process.account_id != token.owner:
            raise ProblemError(404, f"No listing process has id {number}")
        return process

    # --- properties ---

    async def create_property(self, request: Request) -> Response:
        token = self._admit(request)
        body = await read_json(request)
        fault = find_fault(body)
        if fault is not None:
            raise ProblemError(400, fault)
        if body["ownerId"] != token.owner:
            raise ProblemError(400, "ownerId is not an account of this login")
        one = self._portal.create({name: body[name] for name in REQUIRED})
        return Response(status_code=201, headers={"location": f"/listings/properties/{one.property_id}"})

    async def list_properties(self, request: Request) -> Response:
        token = self._admit(request)
        page, size = read_number(request, "page", 1), read_number(request, "itemsPerPage", MOST_PER_PAGE)
        tests = read_property_filters(request)
        await self._trouble()
        found = [
            one.show()
            for one in self._portal.properties.values()
            if one.owner == token.owner and all(test(one) for test in tests)
        ]
        if not self._portal.rules["show_published"]:
            found = [{name: value for name, value in one.items() if name != "published"} for one in found]
        return self._answer_page(request, PROPERTIES, found, page, size)

    # --- pages ---

    async def _trouble(self) -> None:
        """What a list may do to its caller: be slow, or fail each n-th time."""
        portal = self._portal
        portal.listed += 1
        await asyncio.sleep(portal.rules["delay_ms"] / 1000)
        every = portal.rules["fail_every"]
        if every and portal.listed % every == 0:
            raise ProblemError(500, "Unexpected failure")

    def _answer_page(self, request: Request, relation: str, items: Sequence[Any], page: int, size: int) -> Response:
        """A HAL page with the traps of the seed's samples: links that lose the filters, `previous` on the first page,
        `next` on the last one that leads back to page 1."""
        size = min(size, MOST_PER_PAGE)
        last = max(-(-len(items) // size), 1)
        shown = items[(page - 1) * size : page * size]
        path = request.url.path
        links = {
            name: {"href": f"{path}?page={number}"}
            for name, number in {
                "self": page,
                "first": 1,
                "last": last,
                "next": page + 1 if page < last else 1,
                "previous": max(page - 1, 1),
            }.items()
        }
        body: dict[str, Any] = {
            "count": len(shown) + self._portal.rules["miscount"],
            "total": len(items) + self._portal.rules["miscount"],
            "_links": links,
        }
        if shown or self._portal.rules["empty_embedded"]:
            body["_embedded"] = {relation: shown}
        return JSONResponse(body)


async def read_json(request: Request) -> Any:
    try:
        return json.loads(await request.body())
    except ValueError as error:
        raise ProblemError(400, "The request could not be understood by the server due to malformed syntax") from error


def read_number(request: Request, name: str, default: int) -> int:
    text = request.query_params.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise ProblemError(400, f"Query parameter {name} is not a number")
    return int(text)


def read_filters(request: Request) -> list[Callable[[Process], bool]]:
    """The filters of the list (§3); `agentId=unassigned` selects processes with no agent."""
    query, tests = request.query_params, list[Callable[[Process], bool]]()
    if "id" in query:
        number = read_number(request, "id", 0)
        tests.append(lambda process: process.number == number)
    if "state" in query and query["state"] not in STATES:
        raise ProblemError(400, "Query parameter state is not a state")
    if "agentId" in query:
        agent = None if query["agentId"] == "unassigned" else query["agentId"]
        tests.append(lambda process: process.agent_id == agent)
    for name, member in (("accountId", "account_id"), ("propertyId", "property_id"), ("state", "state")):
        if name in query:
            tests.append(lambda process, m=member, value=query[name]: getattr(process, m) == value)
    return tests


def read_property_filters(request: Request) -> list[Callable[[Property], bool]]:
    """Those of the documented filters (§5) that a hub could use."""
    query, tests = request.query_params, list[Callable[[Property], bool]]()
    names = {name for key in ("id", "ids") for name in query.get(key, "").split(",") if name}
    if names:
        tests.append(lambda one: one.property_id in names)
    if "ownerId" in query:
        tests.append(lambda one: one.owner == query["ownerId"])
    if "type" in query:
        tests.append(lambda one: one.sent["type"] == query["type"])
    if "published" in query:
        if query["published"] not in ("true", "false"):
            raise ProblemError(400, "Query parameter published is not a boolean")
        tests.append(lambda one: one.published is (query["published"] == "true"))
    if "address" in query:
        try:
            address = re.compile(query["address"])
        except re.error as error:
            raise ProblemError(400, "Query parameter address is not a regular expression") from error
        tests.append(lambda one: one.matches(address))
    return tests


def find_fault(body: Any) -> str | None:
    """Why a property is refused (§5), None where it is not."""
    if not isinstance(body, dict):
        return "The body is not an object"
    for members, within in ((REQUIRED, body), (PLACE_REQUIRED, body.get("location"))):
        for name, kind in members.items():
            value = within.get(name) if isinstance(within, dict) else None
            if not isinstance(value, kind) or isinstance(value, bool) or value == "":
                return f"{name} is missing or of the wrong type"
    place = body["location"]
    if body["type"] not in TYPES:
        return f"type is none of {', '.join(TYPES)}"
    if place["cityId"] not in CITY_IDS:
        return f"cityId {place['cityId']} is unknown"
    for name, limit in LIMITS.items():
        if abs(place[name]) > limit:
            return f"{name} is out of range"
    if not 0 < body["rentableUnits"] <= body["totalUnits"]:
        return "rentableUnits is out of range"
    return None
