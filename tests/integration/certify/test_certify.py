"""The self-certification kit over real HTTP: right receivers pass, and each planted fault fails exactly its own rows."""

from __future__ import annotations

import base64
import io
import json
import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from jsonschema import Draft202012Validator
from standardwebhooks.webhooks import Webhook

from certify.__main__ import REPORT, main
from certify.cases import CASES
from certify.reference import Receiver, Server
from placard.callbacks.addresses import resolve_and_check
from placard.domain.channels import PORTALS
from placard.domain.events import AdvertState
from placard.domain.lifecycle import Word
from placard.domain.problems import CATALOGUE
from sandbox.processes import free_port
from sandbox.simulators import crm
from sandbox.simulators.serve import serve_in_thread
from tests.template import ROOT

SECRET, FORMER = (f"whsec_{base64.b64encode(bytes([number]) * 24).decode()}" for number in (1, 2))
CLASSIFIED = "7f0c2d4e-61b9-4c1b-9f5e-2a8d30b7c614"
DESCRIPTION = yaml.safe_load((ROOT / "openapi.yaml").read_text())
MEMBERS = frozenset(
    {"offererEstateId", *DESCRIPTION["components"]["schemas"]["StatusEntry"]["properties"]},
)
REFUSALS = {case.name for case in CASES if case.group == "Signature"} - {"two signatures while a secret is rotated"}
SLOW = "every answer within 10 s"
OWN_ADDRESS = "one that the hub would call"
Report = dict[str, Any]


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A folder for the report, and the secrets that the receivers here verify with."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CRM_SECRET", SECRET)
    monkeypatch.setenv("CRM_FORMER_SECRET", FORMER)


@contextmanager
def serving(receiver: type[Receiver] = Receiver) -> Iterator[str]:
    server = Server(0, [SECRET], receiver)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/agency"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


def certify(url: str, *options: str) -> tuple[int, Report]:
    """Play everything; the exit code and the report."""
    code = main([url, *options])
    return code, json.loads(REPORT.read_text())


def list_rows(report: Report, result: str) -> set[str]:
    return {row["name"] for row in report["rows"] if row["result"] == result}


def test_the_reference_receiver_passes_all_but_its_address(capsys: pytest.CaptureFixture[str]) -> None:
    with serving() as url:
        code, report = certify(f"{url}/")
    # A machine that is busy elsewhere may keep an answer waiting: that is a warning too.
    assert (code, list_rows(report, "warn") - {SLOW}) == (0, {OWN_ADDRESS})
    assert list_rows(report, "pass") | {SLOW} == {case.name for case in CASES} | {SLOW}
    assert (report["pass"] + report["warn"], report["fail"], report["url"]) == (len(CASES) + 2, 0, url)
    shown = capsys.readouterr().out
    assert all(row["name"] in shown for row in report["rows"])
    assert "only https, and only public addresses" in shown
    for secret in (SECRET, FORMER):
        assert secret not in shown + REPORT.read_text()


def test_the_sandbox_s_crm_passes_and_takes_a_known_listing() -> None:
    with serve_in_thread(crm.build_app()) as url:
        httpx.put(f"{url}/_sim/secrets", json={"/lyon": [SECRET]}).raise_for_status()
        code, report = certify(f"{url}/lyon", "--classified", CLASSIFIED, "--estate", "e1", "--customer", "a1")
        calls = httpx.get(f"{url}/_sim/calls").json()["items"]
    assert (code, report["fail"]) == (0, 0)
    assert {call["path"] for call in calls} == {f"/lyon/classifieds/{CLASSIFIED}/statuses"}
    assert {(call["body"]["offererEstateId"], call["body"]["customerId"]) for call in calls} == {("e1", "a1")}


def test_what_is_played_is_all_that_the_contract_describes() -> None:
    """Every body fits the description; and no word, state, portal or problem is left out."""
    bodies: list[dict[str, Any]] = []

    class Listening(Receiver):
        def take(self, body: bytes) -> int:
            bodies.append(json.loads(body))
            return super().take(body)

    with serving(Listening) as url:
        certify(url)
    schema = DESCRIPTION | {"$ref": "#/components/schemas/ToldEntry"}
    validator = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
    assert not [error.message for body in bodies for error in validator.iter_errors(body)]
    assert {(one["status"], one["advert"]["state"]) for one in bodies} == {(w, s) for w in Word for s in AdvertState}
    assert {one["problem"]["code"] for one in bodies if "problem" in one} == set(CATALOGUE)
    assert {portal for one in bodies for portal in one["portals"]} == set(PORTALS)
    told = {name for one in bodies for name in one} | {name for one in bodies for name in one["advert"]}
    assert told >= {"mediaStatuses", "normalised", "problems", "moderation", "subStatus", "subStatusDetails", "url"}


# --- planted faults ---------------------------------------------------------------------------------------------------


class Trusting(Receiver):
    """Believes whatever comes."""

    def is_signed(self, body: bytes) -> bool:
        return True


class OneSignature(Receiver):
    """Reads the first signature only."""

    def is_signed(self, body: bytes) -> bool:
        first, _, _ = (self.headers["webhook-signature"] or "").partition(" ")
        del self.headers["webhook-signature"]
        self.headers["webhook-signature"] = first
        return super().is_signed(body)


class Timeless(Receiver):
    """Verifies everything but the time."""

    def is_signed(self, body: bytes) -> bool:
        identity, seconds = self.headers["webhook-id"], self.headers["webhook-timestamp"]
        if not identity or not seconds:
            return False
        moment = datetime.fromtimestamp(int(seconds), UTC)
        right = [one.sign(identity, moment, body.decode()) for one in self.server.secrets]
        return any(one in right for one in (self.headers["webhook-signature"] or "").split())


class Forgetful(Receiver):
    """Still believes a secret that is over."""

    def is_signed(self, body: bytes) -> bool:
        self.server.secrets = [Webhook(SECRET), Webhook(FORMER)]
        return super().is_signed(body)


class Once(Receiver):
    """Calls a callback that was told again a conflict."""

    def take(self, body: bytes) -> int:
        return 409 if self.headers["webhook-id"] in self.server.taken else super().take(body)


class Forward(Receiver):
    """Refuses what is older than what it knows."""

    def take(self, body: bytes) -> int:
        entry = json.loads(body)
        known = self.server.newest.get((entry["classifiedId"], entry["channel"]), entry)
        return 422 if entry["creationDate"] < known["creationDate"] else super().take(body)


class Strict(Receiver):
    """Breaks on members that it does not know."""

    def take(self, body: bytes) -> int:
        return super().take(body) if json.loads(body).keys() <= MEMBERS else 500


class Small(Receiver):
    """Stops bodies of more than 64 KiB, as some proxies do."""

    def take(self, body: bytes) -> int:
        return 413 if len(body) > 65_536 else super().take(body)


class OldWords(Receiver):
    """Knows the words of an earlier release."""

    def take(self, body: bytes) -> int:
        return 400 if json.loads(body)["status"] == "RECEIVING_FAILED" else super().take(body)


class Single(Receiver):
    """Loses its way in the second request of a connection."""

    lost = False

    def take(self, body: bytes) -> int:
        lost, self.lost = self.lost, True
        return 400 if lost else super().take(body)


class Elsewhere(Receiver):
    """Sends everybody on."""

    def take(self, body: bytes) -> int:
        return 302


TWICE = {"the same entry again", "two at once"}


@pytest.mark.parametrize(
    ("receiver", "rows"),
    [
        (Trusting, REFUSALS),
        (OneSignature, {"two signatures while a secret is rotated"}),
        (Timeless, {"a timestamp older than five minutes"}),
        (Forgetful, {"signed by a secret that is over"}),
        (Once, TWICE),
        (Forward, {"an older entry after a newer one"}),
        (Strict, {"members of a later release"}),
        (Small, {"a large body"}),
        (OldWords, {"RECEIVING_FAILED, every state of an advert"}),
        (Single, {"one connection kept open"}),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else "",
)
def test_a_planted_fault_fails_exactly_its_rows(receiver: type[Receiver], rows: set[str]) -> None:
    with serving(receiver) as url:
        code, report = certify(url)
    assert (code, list_rows(report, "fail")) == (1, rows)
    failed = [row for row in report["rows"] if row["result"] == "fail"]
    assert all(row["todo"] and row["said"] for row in failed)


def test_a_slow_receiver_is_told_from_a_silent_one() -> None:
    """One late answer fails the row of the time alone; what never answers in time fails as unanswered."""
    with serve_in_thread(crm.build_app()) as url:
        httpx.put(f"{url}/_sim/secrets", json={"/lyon": [SECRET]}).raise_for_status()
        httpx.post(f"{url}/_sim/faults", json={"kind": "delay", "ms": 2_500, "times": 1}).raise_for_status()
        code, report = certify(f"{url}/lyon", "--limit", "2")
        assert (code, list_rows(report, "fail")) == (1, {"every answer within 2 s"})
        httpx.post(f"{url}/_sim/faults", json={"kind": "endless", "status": 201, "ms": 100}).raise_for_status()
        code, report = certify(f"{url}/lyon", "--limit", "0.2")
    assert (code, list_rows(report, "fail")) == (1, {"a callback is accepted"})
    assert "no whole answer within" in report["rows"][1]["said"]


def test_a_receiver_that_takes_nothing_is_spared_the_rest() -> None:
    with serving(Elsewhere) as url:
        code, report = certify(url)
    assert (code, report["fail"], report["not_played"]) == (1, 1, len(CASES) - 1)
    assert "follows no redirects" in report["rows"][1]["todo"]
    code, report = certify(url)  # nobody listens there any more
    assert (code, report["fail"], report["not_played"]) == (1, 1, len(CASES))
    assert "Is it running" in report["rows"][1]["todo"]


def test_an_address_that_the_hub_would_call_has_no_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving() as url:
        monkeypatch.setattr(
            "certify.verdict.resolve_and_check", lambda one, allow_loopback: resolve_and_check(one, True)
        )
        code, report = certify(url)
    assert (code, OWN_ADDRESS in list_rows(report, "pass")) == (0, True)


@pytest.mark.parametrize(
    ("words", "secret", "said"),
    [
        ([], SECRET, "make certify CRM_URL="),
        (["ftp://crm.example"], SECRET, "The URL must begin with https:// or http://."),
        (["http://a:b@crm.example"], SECRET, "The URL must not hold user info."),
        (["http://crm.example"], "plain", "CRM_SECRET must"),
        (["http://crm.example"], "whsec_", "CRM_SECRET must be whsec_"),
        (["http://crm.example"], FORMER, "another than CRM_SECRET"),
        (["http://crm.example"], "", "Set CRM_SECRET"),
    ],
)
def test_what_cannot_be_played_is_said(
    words: list[str], secret: str, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CRM_SECRET", secret)
    monkeypatch.setattr("sys.stdin", io.StringIO())  # nobody sits there
    assert main(words) == 2
    printed = capsys.readouterr().err
    assert said in printed
    assert not secret or secret == "whsec_" or secret not in printed.replace("http://crm.example", "")
    assert not REPORT.exists()


def test_the_documented_commands_certify_the_reference() -> None:
    """docs/for-crm-developers.md as written, but for the port; make is not to set anything up again."""
    document = (ROOT / "docs/for-crm-developers.md").read_text()
    (block,) = re.findall(r"^```bash\n(export CRM_SECRET=.*?)^```$", document, flags=re.MULTILINE | re.DOTALL)
    around = 'trap "kill %1" EXIT; make() { command make -o .venv/.ready "$@"; }\n'
    script = around + block.replace("9000", str(free_port()))
    done = subprocess.run(
        ["/usr/bin/env", "bash", "-euo", "pipefail", "-c", script],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert all(case.name in done.stdout for case in CASES)
    assert "Everything is in .certify/report.json" in done.stdout
