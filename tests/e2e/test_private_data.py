"""No name, phone, address, title, token or secret in any log: marked values through every path, and all logs searched."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import boto3
import httpx
import pytest
from botocore.config import Config

from sandbox.crm import Crm
from sandbox.hub import STATE
from sandbox.samples import PORTUGUESE_FLAT, SPANISH_FLAT, load_sample
from sandbox.seed import AVIV_APP, OLX_APP, SPOTAHOME_ACCOUNT
from tests.e2e.test_callbacks import build_notification, build_status, name_aviv, sign
from tests.e2e.world import Json, Listing, Simulator, wait_for

FOLDER = STATE.with_name(".sandbox-e2e")
MOST_ATTEMPTS = 12
# What a wanted line of each path says: were it missing, the search would have looked at nothing.
WOKEN = {"calling the portal", "a portal call ended", "AVIV answered", "told the CRM", "relayed", "operations failed"}
CALLED = {"answered", "a callback without a valid proof", "a callback that cannot be read"}


class Marks:
    """Values nobody else has, each kind in its own form."""

    def __init__(self) -> None:
        self.word = f"mark{secrets.token_hex(5)}"
        self.phone = "9" + "".join(secrets.choice("123456789") for _ in range(11))

    @property
    def email(self) -> str:
        return f"{self.word}@agency.example.com"

    def classified(self, sample: str, portals: list[str]) -> Json:
        """A sample whose texts, address, people and media all carry the marks."""
        body = load_sample(sample, portals=portals)
        data = body["data"]
        for texts in (data["texts"]["headline"], data["texts"]["description"]):
            texts |= {language: f"{text} {self.word}"[-90:].strip() for language, text in texts.items()}
        data["location"] |= {"street": f"Rua {self.word}", "houseNumber": self.word}
        for medium in body["media"]:
            medium |= {"title": self.word}
        contact = {"name": f"Marta {self.word}", "phone": self.phone, "email": self.email}
        body.setdefault("specific", {}).setdefault("olx", {}).setdefault("IMOVIRTUAL", {})["contact"] = contact
        return body


@pytest.fixture
def marks() -> Marks:
    return Marks()


@pytest.fixture
def receiver(hub: Json) -> Iterator[Simulator]:
    receiver = Simulator(hub["simulators"]["crm"])
    yield receiver
    receiver.switch("DELETE", "faults")


def read_logs(hub: Json) -> str:
    """Every line that a function, the embedded AWS or the deployment has written."""
    aws = hub["aws"]
    logs = boto3.client(
        "logs",
        endpoint_url=aws["endpoint_url"],
        region_name=aws["region"],
        aws_access_key_id=aws["access_key_id"],
        aws_secret_access_key=aws["secret_access_key"],
        # ministack cannot list its log groups while a function begins a new one: it says 500, until none does.
        config=Config(retries={"mode": "standard", "total_max_attempts": MOST_ATTEMPTS}),
    )
    lines = [path.read_text(errors="replace") for path in (FOLDER / "ministack.log", FOLDER / "deploy.log")]
    for group in logs.describe_log_groups()["logGroups"]:
        name = group["logGroupName"]
        for page in logs.get_paginator("describe_log_streams").paginate(logGroupName=name):
            for stream in page["logStreams"]:
                lines += read_stream(logs, name, stream["logStreamName"])
    return "\n".join(lines)


def read_stream(logs: Any, group: str, stream: str) -> Iterator[str]:
    token: dict[str, str] = {}
    while True:
        found = logs.get_log_events(logGroupName=group, logStreamName=stream, startFromHead=True, **token)
        yield from (event["message"] for event in found["events"])
        if not found["events"] or found["nextForwardToken"] == token.get("nextToken"):
            return
        token = {"nextToken": found["nextForwardToken"]}


def list_secrets(hub: Json, crm: Crm) -> set[str]:
    """What must never be read anywhere: the hub's own secrets, those of its portals, tokens, what signs callbacks."""
    seeded = [value for app in (OLX_APP, AVIV_APP) for name, value in app.items() if name != "client_id"]
    return {
        *seeded,
        SPOTAHOME_ACCOUNT["password"],
        SPOTAHOME_ACCOUNT["email"],
        "demo-refresh-token",
        "Bearer ",
        "whsec_",
        "eyJ",  # any JWT begins so
        hub["client_secret"],
        *hub["secrets"].values(),
        hub["receivers"]["aviv"].rpartition("/")[2],
        crm.send("GET", "/webhooks").json()["secret"],
    }


def send_what_a_crm_may(crm: Crm, marks: Marks, listing: Listing) -> None:
    """Every call of the API with the marks in it, well formed and not."""
    body = marks.classified(PORTUGUESE_FLAT, ["IMOVIRTUAL", "SL"])
    broken = body | {"data": body["data"] | {"estateType": marks.word, "location": marks.email}}
    calls: list[tuple[str, str, dict[str, Any]]] = [
        ("POST", "/classifieds/preflight", {"json": body}),
        ("POST", "/classifieds/batch", {"json": {"items": [body, broken]}}),
        ("POST", "/classifieds", {"json": broken}),
        ("POST", "/classifieds", {"content": f'{{"phone": "{marks.phone}"'.encode()}),
        ("POST", "/classifieds", {"json": body, "headers": {"Idempotency-Key": f"{marks.word}\x7f"}}),
        ("PUT", f"/classifieds/{listing.id}", {"json": broken}),
        ("GET", f"/classifieds/{uuid4()}", {"params": {"q": marks.email}}),
        ("GET", "/classifieds", {"params": {"nextToken": marks.word}}),
        ("GET", "/statuses", {"params": {"since": marks.word}}),
        ("GET", "/listing-processes", {"params": {"agentId": marks.word}}),
        ("PUT", "/listing-processes/1/assignation", {"json": {"agentId": marks.email}}),
        ("PUT", "/webhooks", {"json": {"url": f"https://{marks.word}:{marks.phone}@127.0.0.1/{marks.word}"}}),
        ("GET", "/classifieds", {"headers": {"Authorization": f"Bearer {marks.word}"}}),
    ]
    for method, path, options in calls:
        assert crm.send(method, path, **options).status_code < 500, (method, path)


def call_as_a_portal_may(hub: Json, marks: Marks, advert: str) -> None:
    """Callbacks with the marks in them: proven, forged, broken."""
    olx, body = hub["receivers"]["olx"], build_notification(advert, "advert_posted_error")
    told = {"error": {"title": marks.word, "detail": f"call {marks.phone}", "validation": {marks.email: [marks.phone]}}}
    proven = sign(hub, advert, body["transaction_id"])
    answers = [
        httpx.post(olx, json=body | {"data": told}, headers=proven),
        httpx.post(olx, json=body | {"data": told}, headers={"x-signature": marks.word}),
        httpx.post(olx, content=f'{{"{marks.word}'.encode(), headers=proven),
        httpx.post(name_aviv(hub, marks.word), json=build_status(marks.word) | {"message": marks.phone}),
        httpx.post(f"{hub['receivers']['aviv']}{marks.word}/classifieds/x/statuses", json=build_status(marks.word)),
    ]
    assert [answer.status_code < 500 for answer in answers] == [True] * len(answers)


def refusal(status: int, marks: Marks) -> Json:
    """An order: one answer that quotes the marks, in the words of either portal."""
    told = {"message": marks.word, "errors": [{"field": "title", "message": marks.phone}]}
    body = told | {"title": marks.word, "detail": marks.email, "transaction_id": marks.word}
    return {"kind": "status", "status": status, "times": 1, "body": body}


def test_marked_values_of_every_path_are_in_no_log(
    hub: Json, crm: Crm, olx: Simulator, aviv: Simulator, receiver: Simulator, marks: Marks
) -> None:
    agency = Crm(hub, f"agency-{uuid4().hex[:8]}")
    prefix = f"/{marks.word}"
    assert crm.send("PUT", "/webhooks", json={"url": hub["simulators"]["crm"] + prefix}).status_code == 200
    forbidden = {marks.word, marks.phone, *list_secrets(hub, crm)}
    try:
        receiver.switch("POST", "faults", {"match": {"path": f"^{prefix}/"}} | refusal(503, marks))
        listing = Listing(crm, **marks.classified(PORTUGUESE_FLAT, ["IMOVIRTUAL", "SL"]))
        listing.await_status("CREATED", live=True)
        advert = listing.find_advert("IMOVIRTUAL")
        for simulator, status in ((olx, 400), (aviv, 422)):
            simulator.switch("POST", "faults", {"match": {"method": "PUT"}} | refusal(status, marks))
        listing.set_price(181_000).await_end()
        moderation = {"reason": marks.word, "description": marks.phone}
        olx.switch("POST", f"adverts/{advert}/state", {"code": "moderated", "moderation": moderation})
        olx.switch("POST", f"adverts/{advert}/message", {"text": f"{marks.word} {marks.phone}"})
        call_as_a_portal_may(hub, marks, advert)
        send_what_a_crm_may(crm, marks, listing)
        assert crm.send("POST", "/classifieds", json=marks.classified(SPANISH_FLAT, ["SPOTAHOME"])).status_code == 202
        # Nobody has connected this one: its listing fails at once.
        assert agency.send("POST", "/classifieds", json=marks.classified(PORTUGUESE_FLAT, ["SL"])).status_code == 202
        wait_for(lambda: receiver.list_calls(f"^{prefix}/classifieds/{listing.id}"), "a callback")
        log = FOLDER / "ministack.log"
        wait_for(lambda: all(line in log.read_text() for line in WOKEN), "the lines of every path")
    finally:
        crm.send("DELETE", "/webhooks")
        agency.close()
    written = read_logs(hub)
    assert [line for line in WOKEN | CALLED if line not in written] == []
    lines = written.splitlines()
    assert [line for line in lines if any(secret in line for secret in forbidden)] == []
