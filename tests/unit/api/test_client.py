"""The Python client: the committed one is what the generator makes, and it says to the hub what the description says."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Iterator
from typing import Any, NotRequired, get_args, get_origin, get_type_hints

import httpx
import pytest
import yaml

from api.client import DESCRIPTION, PACKAGE, render_client, to_snake
from placard.aws.http_api import USER_AGENT
from placard.domain.channels import PORTALS
from placard.domain.lifecycle import Word
from placard_client import Client, ClientCredentials, RefusedError, errors, models

DOCUMENT = yaml.safe_load(DESCRIPTION.read_text())
OPERATIONS = [one for item in DOCUMENT["paths"].values() for one in item.values() if "operationId" in one]
HUB, TOKENS = "https://hub.example/api", "https://login.example/token"
Answer = Callable[[httpx.Request], httpx.Response]


class Hub:
    """Answers as it is bidden, gives a new token whenever it is asked, and keeps what came."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.requests: list[httpx.Request] = []
        self.used: list[str] = []
        self.tokens: list[httpx.Request] = []
        self.lives = 3600

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if str(request.url) == TOKENS:
            self.tokens.append(request)
            return httpx.Response(200, json={"access_token": f"t{len(self.tokens)}", "expires_in": self.lives})
        self.requests.append(request)
        self.used.append(request.headers["Authorization"])  # as it was: a request that is sent again is the same object
        return self.answer(request)


def open_client(hub: Hub, **options: Any) -> Client:
    auth = ClientCredentials(TOKENS, "crm", "secret", ["placard/read", "placard/write"])
    return Client(HUB, auth, software="MyCrm/2.1", transport=httpx.MockTransport(hub), **options)


@pytest.fixture
def hub() -> Hub:
    return Hub(lambda _: httpx.Response(200, json={"items": []}))


@pytest.fixture
def client(hub: Hub) -> Iterator[Client]:
    with open_client(hub) as client:
        yield client


@pytest.mark.parametrize(("name", "text"), render_client(DOCUMENT).items(), ids=lambda value: value[:20])
def test_the_committed_client_is_what_the_generator_makes(name: str, text: str) -> None:
    assert (PACKAGE / name).read_text() == text, "run: make client"


def test_every_call_is_a_method_and_no_method_is_anything_else() -> None:
    own = {name for name in vars(Client) if not name.startswith("_")}
    assert own == {to_snake(one["operationId"]) for one in OPERATIONS}


def test_every_status_that_a_call_refuses_with_is_an_exception() -> None:
    refused = {int(status) for one in OPERATIONS for status in one["responses"] if not status.startswith("2")}
    assert set(errors.BY_STATUS) == refused
    assert len(set(errors.BY_STATUS.values())) == len(refused)


def test_every_name_that_the_shapes_use_is_there() -> None:
    """Resolving the annotations finds a name that was never written."""
    shapes = [
        shape for shape in vars(models).values() if isinstance(shape, type) and shape.__module__ == models.__name__
    ]
    assert {one for one in DOCUMENT["components"]["schemas"] if not hasattr(models, one)} == set()
    assert all(get_type_hints(shape) for shape in shapes)
    assert get_args(models.Portal) == tuple(PORTALS)
    assert get_args(models.Status) == tuple(Word)
    entry = get_type_hints(models.StatusEntry, include_extras=True)
    needed = {name for name, annotation in entry.items() if get_origin(annotation) is not NotRequired}
    assert needed == set(DOCUMENT["components"]["schemas"]["StatusEntry"]["required"])


def test_the_package_needs_nothing_of_ours() -> None:
    imported = set()
    for path in PACKAGE.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom):
                imported.add(str(node.module).partition(".")[0])
            elif isinstance(node, ast.Import):
                imported |= {alias.name.partition(".")[0] for alias in node.names}
    assert {"placard", "api", "sandbox"}.isdisjoint(imported)


def test_a_call_says_what_it_was_given_and_leaves_the_rest_out(hub: Hub, client: Client) -> None:
    client.list_statuses("a/b", filter="latest", status=["CREATED", "UPDATED"], limit=7, traceparent="00-1-2-01")
    (sent,) = hub.requests
    assert (sent.method, sent.url.raw_path.partition(b"?")[0]) == ("GET", b"/api/classifieds/a%2Fb/statuses")
    assert list(sent.url.params.multi_items()) == [
        ("filter", "latest"),
        ("status", "CREATED"),
        ("status", "UPDATED"),
        ("limit", "7"),
    ]
    assert sent.headers["traceparent"] == "00-1-2-01"
    assert USER_AGENT.fullmatch(sent.headers["User-Agent"])
    assert sent.headers["User-Agent"].startswith("MyCrm/2.1 ")
    assert "Customer-Id" not in sent.headers
    assert sent.content == b""


def test_a_body_and_its_headers_go_out_as_they_are(hub: Hub) -> None:
    hub.answer = lambda _: httpx.Response(202, json={"classifiedId": "c", "links": [], "revision": 1})
    body: Any = {"portals": ["SL"], "data": {"ofALaterRelease": None}}
    with open_client(hub, customer_id="agency-7") as client:
        ack = client.put_classified("c", body, if_match='"3"')
        assert client.retry_classified("c")["revision"] == ack["revision"] == 1
    sent, bare = hub.requests
    assert (sent.method, sent.url.path, json.loads(sent.content)) == ("PUT", "/api/classifieds/c", body)
    assert (sent.headers["If-Match"], sent.headers["Customer-Id"]) == ('"3"', "agency-7")
    assert (bare.method, bare.url.path, bare.content) == ("POST", "/api/classifieds/c/retry", b"")


def test_an_answer_without_a_body_is_none(hub: Hub, client: Client) -> None:
    hub.answer = lambda _: httpx.Response(204)
    client.assign_agent(7, {"agentId": "08699e5b-45dd-479e-8a7f-5a7563a843cb"})
    assert hub.requests[0].url.path == "/api/listing-processes/7/assignation"


@pytest.mark.parametrize(("status", "error"), errors.BY_STATUS.items(), ids=str)
def test_a_refusal_is_raised_by_its_status(hub: Hub, client: Client, status: int, error: type[RefusedError]) -> None:
    problem = {
        "type": "urn:placard:Errors/Validation-Error",
        "detail": "wrong",
        "errors": [{"name": "/x", "reason": "y"}],
    }
    hub.answer = lambda _: httpx.Response(status, json=problem, headers={"Retry-After": "2"})
    with pytest.raises(error, match=f"{status}: wrong") as caught:
        client.get_webhook()
    assert (caught.value.status, caught.value.problem, caught.value.retry_after) == (status, problem, 2)
    assert (caught.value.kind, caught.value.errors) == ("Validation-Error", problem["errors"])


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (httpx.Response(502, text="<html>"), "502: no reason given"),
        (httpx.Response(404, json=["?"]), "404: no reason given"),
        (httpx.Response(429, json={"message": "Too Many Requests"}), "429: Too Many Requests"),
        (httpx.Response(404, json={"type": "about:blank", "title": "Not found"}), "404: Not found"),
    ],
)
def test_whatever_a_refusal_s_body_is_it_is_told(hub: Hub, client: Client, answer: httpx.Response, said: str) -> None:
    hub.answer = lambda _: answer
    with pytest.raises(RefusedError, match=said) as caught:
        client.get_webhook()
    assert (caught.value.kind, caught.value.errors, caught.value.retry_after) == ("", [], None)


def test_a_token_serves_many_calls_and_is_renewed_in_time(hub: Hub, client: Client) -> None:
    for _ in range(3):
        client.list_classifieds()
    assert hub.used == ["Bearer t1"] * 3
    (asked,) = hub.tokens
    assert asked.content == b"grant_type=client_credentials&scope=placard%2Fread+placard%2Fwrite"
    assert asked.headers["Authorization"] == "Basic Y3JtOnNlY3JldA=="
    hub.lives = 1
    with open_client(hub) as other:
        other.list_classifieds()
        other.list_classifieds()
    assert len(hub.tokens) == 3


def test_a_token_that_is_refused_is_renewed_once(hub: Hub, client: Client) -> None:
    hub.answer = lambda request: httpx.Response(
        401 if request.headers["Authorization"] == "Bearer t1" else 200, json={"items": []}
    )
    client.list_classifieds()
    assert hub.used == ["Bearer t1", "Bearer t2"]
    hub.answer = lambda _: httpx.Response(401, json={"message": "Unauthorized"})
    with pytest.raises(errors.UnauthorizedError):
        client.list_classifieds()
    assert len(hub.requests) == 4


def test_wrong_credentials_are_a_refusal_too() -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        return httpx.Response(401, json={"error": "invalid_client"})

    auth = ClientCredentials(TOKENS, "crm", "wrong")
    transport = httpx.MockTransport(refuse)
    with (
        Client(HUB, auth, software="MyCrm/2.1", transport=transport) as client,
        pytest.raises(errors.UnauthorizedError),
    ):
        client.list_classifieds()
