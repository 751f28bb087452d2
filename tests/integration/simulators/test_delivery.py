"""The simulators: callback modes, retries, faults, and the process itself."""

import json
import signal
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.simulators.courier import Courier, RetryPolicy
from sandbox.simulators.journal import Journal
from tests.integration.simulators.callers import AGENT, PLAIN, Aviv, Olx, Receiver, await_value, read_contract

ROOT = Path(__file__).parents[3]


def list_sent(api: Olx) -> list[dict[str, Any]]:
    return list(api.http.get("/_sim/callbacks").json()["items"])


def list_flows(receiver: Receiver) -> list[str]:
    return [one["body"].get("flow") for one in receiver.told]


def test_twice_sends_each_message_twice(olx_api: Olx, receiver: Receiver) -> None:
    olx_api.callbacks(mode="twice")
    olx_api.create()
    bodies = [json.dumps(one["body"]) for one in receiver.await_told(4)]
    assert bodies[0] == bodies[1] and bodies[2] == bodies[3] and bodies[1] != bodies[2]


def test_swapped_sends_the_second_before_the_first(olx_api: Olx, receiver: Receiver) -> None:
    olx_api.rule(lifecycle="flat")
    olx_api.callbacks(mode="swapped")
    olx_api.create()
    receiver.await_told(2)
    assert list_flows(receiver) == ["advert_lifecycle", "publish_advert"]


def test_swapped_message_without_partner_is_sent_after_all(olx_api: Olx, receiver: Receiver) -> None:
    olx_api.rule(lifecycle="none")
    olx_api.callbacks(mode="swapped")
    olx_api.create()
    receiver.await_told(1)
    assert list_flows(receiver) == ["publish_advert"]


def test_none_withholds_but_records(olx_api: Olx, receiver: Receiver) -> None:
    olx_api.callbacks(mode="none")
    olx_api.create()
    assert {one["outcome"] for one in list_sent(olx_api)} == {"withheld"}
    assert receiver.told == []


def test_slow_messages_are_still_waiting_when_the_operation_has_ended(olx_api: Olx, receiver: Receiver) -> None:
    olx_api.callbacks(mode="slow", delay_ms=500)
    olx_api.create()
    assert [one["attempts"] for one in list_sent(olx_api)] == [0, 0]
    receiver.await_told(2)


def test_a_mixed_mode_chooses_by_its_shares_and_repeats_its_choices() -> None:
    shares = {"twice": 0.2, "swapped": 0.1, "slow": 0.1, "none": 0.1}

    def draw(seed: int) -> list[str]:
        courier = Courier(Journal(), RetryPolicy(lambda status: True, 0, 0, 1.0, retry_slow=False))
        courier.configure({"mode": "mixed", "shares": shares, "seed": seed})
        return [courier.draw_mode() for _ in range(2_000)]

    chosen = Counter(draw(1))
    assert draw(1) == draw(1) != draw(2)
    assert chosen["normal"] == pytest.approx(1_000, abs=100)
    assert [chosen[mode] for mode in shares] == pytest.approx([2_000 * share for share in shares.values()], abs=80)


def test_a_mixed_mode_sends_twice_what_it_draws_so_and_only_the_late_late(olx_api: Olx, receiver: Receiver) -> None:
    olx_api.rule(lifecycle="none")
    olx_api.callbacks(mode="mixed", shares={"twice": 1}, delay_ms=60_000)
    olx_api.create()
    receiver.await_told(2)
    olx_api.callbacks(mode="mixed", shares={"slow": 1}, delay_ms=60_000)
    olx_api.create()
    assert [one["attempts"] for one in list_sent(olx_api)] == [1, 1, 0]


def test_early_notifications_arrive_before_the_answer(olx_api: Olx, receiver: Receiver) -> None:
    olx_api.callbacks(early=True)
    answer = olx_api.post()
    assert receiver.told[0]["body"]["flow"] == "publish_advert"
    assert answer.json()["data"]["last_action_status"] == "TO_POST"


def test_refused_notification_is_tried_again(olx_api: Olx, receiver: Receiver) -> None:
    olx_api.rule(lifecycle="none")
    receiver.answers = [503, 500]
    olx_api.create()
    receiver.await_told(3)
    sent = await_value(lambda: [one for one in list_sent(olx_api) if one["outcome"] == "accepted"])
    assert (sent[0]["attempts"], sent[0]["statuses"]) == (3, [503, 500, 200])


def test_notification_is_given_up_after_33_tries(olx_api: Olx, receiver: Receiver) -> None:
    olx_api.rule(lifecycle="none")
    receiver.status = 500
    olx_api.create()
    sent = await_value(lambda: [one for one in list_sent(olx_api) if one["outcome"] == "refused"])
    assert sent[0]["attempts"] == 33


def test_notification_slower_than_two_seconds_is_dropped(olx_api: Olx) -> None:
    """A receiver that takes the connection and never answers; the vendor does not try again."""
    olx_api.rule(lifecycle="none")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        olx_api.http.put("/_sim/callback", json={"url": f"http://127.0.0.1:{silent.getsockname()[1]}"})
        olx_api.create()
        sent = await_value(lambda: [one for one in list_sent(olx_api) if one["outcome"] == "dropped"])
    assert sent[0]["statuses"] == [None]


def test_fault_answers_with_its_status_then_is_spent(olx_api: Olx) -> None:
    example = read_contract("olx/response_error_429_rate_limited.json")
    order = {"match": {"method": "POST", "path": "^/advert"}, "times": 1, "kind": "status", **example}
    assert olx_api.http.post("/_sim/faults", json=order).status_code == 201
    answer = olx_api.post()
    assert (answer.status_code, answer.json(), answer.headers["retry-after"]) == (429, example["body"], "30")
    assert olx_api.post().status_code == 202


def test_a_fault_strikes_its_share_and_the_same_calls_again(olx_api: Olx) -> None:
    def strike(seed: int) -> list[int]:
        olx_api.http.delete("/_sim/faults")
        olx_api.http.post("/_sim/faults", json={"kind": "status", "status": 503, "share": 0.3, "seed": seed})
        return [olx_api.http.get("/advert/v1/meta").status_code for _ in range(300)]

    struck = strike(1)
    assert struck.count(503) == pytest.approx(90, abs=30)
    assert struck == strike(1) != strike(2)


def test_html_fault_is_a_502_page(olx_api: Olx) -> None:
    olx_api.http.post("/_sim/faults", json={"kind": "html"})
    answer = olx_api.post()
    assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (502, "text/html")
    olx_api.http.delete("/_sim/faults")
    assert olx_api.post().status_code == 202


@pytest.mark.parametrize(("kind", "adverts"), [("drop_before", 0), ("drop_after", 1)])
def test_dropped_call_is_done_only_when_dropped_after(olx_api: Olx, kind: str, adverts: int) -> None:
    olx_api.http.post("/_sim/faults", json={"kind": kind, "times": 1})
    with pytest.raises(httpx.TransportError):
        olx_api.post()
    assert len(olx_api.http.get("/_sim/adverts").json()["items"]) == adverts
    call = olx_api.http.get("/_sim/calls", params={"path": "^/advert"}).json()["items"][0]
    assert (call["status"], call["fault"]) == (None, kind)


def test_delay_fault_outlasts_the_callers_patience(olx_api: Olx) -> None:
    olx_api.http.post("/_sim/faults", json={"kind": "delay", "ms": 60_000, "times": 1})
    with pytest.raises(httpx.ReadTimeout):
        olx_api.http.get("/advert/v1/meta", timeout=0.1)


def test_aviv_callback_needs_201(aviv_api: Aviv, receiver: Receiver) -> None:
    receiver.answers = [200]
    aviv_api.http.put("/webhooks", json={"url": f"{receiver.url}/hook", "statuses": ["CREATED"]})
    aviv_api.create(read_contract("aviv/classified_sl_resale.json"))
    receiver.await_told(2)
    sent = await_value(
        lambda: [one for one in aviv_api.sim.get("/callbacks").json()["items"] if one["outcome"] == "accepted"]
    )
    assert sent[0]["statuses"] == [200, 201]


def test_aviv_early_callback_arrives_before_the_answer(aviv_api: Aviv, receiver: Receiver) -> None:
    aviv_api.http.put("/webhooks", json={"url": f"{receiver.url}/hook"})
    aviv_api.sim.put("/callbacks", json={"early": True})
    aviv_api.create(read_contract("aviv/classified_sl_resale.json"))
    assert receiver.told[0]["body"]["status"] == "RECEIVING"


@contextmanager
def run_simulator(name: str, *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    command = [sys.executable, "-m", f"sandbox.simulators.{name}", "--port", "0", *options]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process, f"http://127.0.0.1:{json.loads(process.stdout.readline())['port']}"
        finally:
            process.kill()


@pytest.mark.parametrize("name", ["olx", "aviv", "crm"])
def test_process_says_its_port_and_ends_at_once_on_sigterm(name: str) -> None:
    with run_simulator(name) as (process, url), httpx.Client(base_url=url, **PLAIN) as client:
        assert client.get("/_sim/health").json() == {"status": "ok"}
        # An open connection and a call in progress do not hold it up.
        client.post("/_sim/faults", json={"kind": "delay", "ms": 60_000})
        hanging = threading.Thread(
            target=lambda: httpx.post(f"{url}/any", headers={"user-agent": AGENT}, timeout=5, **PLAIN), daemon=True
        )
        hanging.start()
        await_value(lambda: client.get("/_sim/calls").json()["items"])
        process.send_signal(signal.SIGTERM)
        assert process.wait(5) == 0


def test_log_file_gets_a_line_per_call_and_callback(tmp_path: Path) -> None:
    log = tmp_path / "aviv.jsonl"
    with run_simulator("aviv", "--log", str(log), "--delay-ms", "1") as (_, url):
        Aviv(url)
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert [(line["kind"], line["path"], line["body"]["client_secret"]) for line in lines] == [
        ("call", "/oauth/token", "***")
    ]


def test_port_in_use_is_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        command = [sys.executable, "-m", "sandbox.simulators.olx", "--port", port]
        done = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1 and port in done.stderr
