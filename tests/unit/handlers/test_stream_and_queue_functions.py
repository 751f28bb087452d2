"""The functions nobody waits for: what they make of whole Lambda events, and of what fails in them."""

from __future__ import annotations

import base64
import copy
import io
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from functions.apply_events import app as apply_events
from functions.deliver_publication import app as deliver_publication
from functions.notify_crm import app as notify_crm
from functions.poll_spotahome import app as poll_spotahome
from functions.reconcile import app as reconcile
from functions.relay_changes import app as relay_changes
from placard import bootstrap
from placard.aws.items import entry_item
from placard.aws.settings import Settings
from placard.aws.streams import read_new_entry
from placard.domain.comparison import Drift, Finding
from placard.domain.errors import StoreUnavailableError
from placard.domain.events import Advert, AdvertState, Source
from placard.domain.lifecycle import Outcome, Word
from placard.domain.publication import Entry
from placard.domain.sweep import Scope
from placard.domain.told import Place
from placard.ports import Link, Message, ProcessWakeUp, Telling, WakeUp
from placard.use_cases.compare_portals import Account, Compared
from placard.use_cases.notify_crm import Ending, Look
from placard.use_cases.poll_spotahome import Polled
from placard.use_cases.relay_changes import count_told
from tests.fakes.clock import FakeClock
from tests.fakes.memory_queues import MemoryWakeUps
from tests.template import list_resources

ROOT = Path(__file__).parents[3]
CLASSIFIED = "7f0c2d4e-61b9-4c1b-9f5e-2a8d30b7c614"
REMOTE = "0a8c58ee-6717-4e89-b52b-8ec82ece9987"
DIGEST = "ab" * 32
LINK = Link("olx", REMOTE, CLASSIFIED, "imovirtual", "acme", 1_795_309_200_000)
MESSAGE = Message(
    "olx",
    REMOTE,
    DIGEST,
    '{"flow":"advert","event_type":"advert_posted_success","object_id":"0a8c58ee-6717-4e89-b52b-8ec82ece9987",'
    '"transaction_id":"t-1","data":{"code":"active"},"timestamp":"2026-11-22T01:00:00Z"}',
    1_795_309_200_000,
)
CONTEXT = SimpleNamespace(
    function_name="f",
    memory_limit_in_mb=128,
    invoked_function_arn="arn:aws:lambda:eu-west-1:0:function:f",
    aws_request_id="r",
)


def sample(function: str, case: str) -> dict[str, Any]:
    event: dict[str, Any] = json.loads((ROOT / "events" / function / f"{case}.json").read_text())
    return event


class Recorder:
    """In the place of a use case: keeps what it is called with, and fails where it is told to."""

    def __init__(self, failing: tuple[Any, ...] = (), trace: str | None = None, *, hourly: bool = False) -> None:
        self.calls: list[Any] = []
        self.failing, self.trace, self.hourly = failing, trace, hourly
        self.stumbles: list[tuple[Any, str, bool]] = []
        self.aside: list[tuple[str, ...]] = []

    def stumble(self, wake_up: WakeUp, reason: str, *, last: bool) -> bool:
        self.stumbles.append((wake_up, reason, last))
        return self.hourly or last

    def _take(self, call: Any) -> list[str]:
        self.calls.append(call)
        if call in self.failing:
            raise RuntimeError("poison")
        return ["applied"]

    def fold_message(self, *key: str) -> list[str]:
        return self._take(key)

    def fold(self, message: Message) -> list[str]:
        return self._take(message)

    def fold_parked(self, link: Link) -> list[str]:
        return self._take(link)

    def set_aside(self, *key: str) -> bool:
        self.aside.append(key)
        return self.hourly

    def __call__(self, wake_up: WakeUp | ProcessWakeUp, follow: Callable[[str | None], None] | None = None) -> None:
        if follow is not None:
            follow(self.trace)
        self._take(wake_up)


@pytest.fixture
def queues() -> Iterator[MemoryWakeUps]:
    queues = MemoryWakeUps()
    yield queues
    bootstrap.use()


# --- relay_changes ---------------------------------------------------------------------------------------------------


def relay(queues: MemoryWakeUps, event: dict[str, Any], now: int = 1_795_309_200_000) -> list[WakeUp | ProcessWakeUp]:
    bootstrap.use(wake_ups=queues, clock=FakeClock(now), settings=Settings({"METRICS_BY_CUSTOMER": "false"}))
    relay_changes.handler(event, CONTEXT)
    return queues.take()


def test_a_classified_wakes_every_channel_it_has_ever_named(queues: MemoryWakeUps) -> None:
    event = sample("relay_changes", "changes")
    event["Records"] = event["Records"][:1]
    assert relay(queues, event) == [
        WakeUp("aviv", CLASSIFIED, "aviv", "acme"),
        WakeUp("olx", CLASSIFIED, "imovirtual", "acme"),
    ]


def test_a_publication_to_be_looked_at_is_woken_when_its_wait_is_over(queues: MemoryWakeUps) -> None:
    event = sample("relay_changes", "changes")
    event["Records"] = event["Records"][1:]
    assert relay(queues, event) == [WakeUp("olx", CLASSIFIED, "imovirtual", "acme", delay=30)]


def test_a_wait_too_long_for_a_queue_is_left_to_its_due_time(queues: MemoryWakeUps) -> None:
    event = sample("relay_changes", "changes")
    event["Records"] = event["Records"][1:]
    assert relay(queues, event, now=1_795_309_200_000 - 10 * 60_000) == []


def test_one_publication_is_woken_once(queues: MemoryWakeUps) -> None:
    assert len(relay(queues, sample("relay_changes", "changes"))) == 2


def test_a_due_time_that_moved_wakes_nobody(queues: MemoryWakeUps) -> None:
    event = sample("relay_changes", "changes")
    for record in event["Records"]:
        record["dynamodb"]["OldImage"] = copy.deepcopy(record["dynamodb"]["NewImage"])
    assert relay(queues, event) == []


def test_a_listing_process_with_something_to_push_is_woken(queues: MemoryWakeUps) -> None:
    event = sample("relay_changes", "process")
    assert relay(queues, event) == [ProcessWakeUp("spotahome", "acme", 48212)]
    event["Records"][0]["dynamodb"]["NewImage"]["look"] = {"BOOL": False}
    assert relay(queues, event) == []


def test_a_send_that_fails_fails_the_batch(queues: MemoryWakeUps, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(wake_ups: object) -> None:
        raise StoreUnavailableError("the queue is down")

    monkeypatch.setattr(queues, "send", refuse)
    with pytest.raises(StoreUnavailableError):
        relay(queues, sample("relay_changes", "changes"))


def test_a_batch_of_all_kinds_wakes_and_tells_each(queues: MemoryWakeUps) -> None:
    names = ("changes", "process", "tellings")
    event = {"Records": [record for name in names for record in sample("relay_changes", name)["Records"]]}
    assert relay(queues, event) == [
        WakeUp("aviv", CLASSIFIED, "aviv", "acme"),
        WakeUp("olx", CLASSIFIED, "imovirtual", "acme"),
        ProcessWakeUp("spotahome", "acme", 48212),
    ]
    assert len(queues.take_tellings()) == 3


def bring(event: dict[str, Any], **members: Any) -> dict[str, Any]:
    """The sample's new entry, with a body as the table keeps it."""
    entry = Entry(
        **{
            "status_id": "s-1",
            "classified_id": CLASSIFIED,
            "customer": "acme",
            "channel": "imovirtual",
            "creation_date": 1,
            "revision": 1,
            "portals": ("IMOVIRTUAL",),
            "status": Word.CREATED,
            "message": "Created",
            "status_date": 1,
            "outcome": Outcome.APPLIED,
            "source": Source.CALLBACK,
            **members,
        }
    )
    body = base64.b64encode(entry_item(entry, 1)["body"]).decode()
    event["Records"][0]["dynamodb"]["NewImage"]["body"] = {"B": body}
    return event


def read_counts(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines() if '"_aws"' in line]


@pytest.mark.parametrize("by_customer", [False, True])
def test_what_an_entry_tells_is_counted_for_its_portal(
    queues: MemoryWakeUps, capsys: pytest.CaptureFixture[str], *, by_customer: bool
) -> None:
    settings = Settings({"METRICS_BY_CUSTOMER": str(by_customer).lower()})
    bootstrap.use(wake_ups=queues, clock=FakeClock(1_795_309_200_000), settings=settings)
    live = bring(sample("relay_changes", "tellings"), live_changed=True, advert=Advert(AdvertState.LIVE))
    relay_changes.handler(live, CONTEXT)
    (line,) = read_counts(capsys.readouterr().out)
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert directive["Dimensions"] == [["portal"], ["portal", "customer"]][: 1 + by_customer]
    assert {one["Name"] for one in directive["Metrics"]} <= set(line)
    assert (line["portal"], line["customer"], line["_aws"]["Timestamp"]) == ("IMOVIRTUAL", "acme", 1_795_309_200_000)
    names = ("entries", "operations failed", "adverts gone live", "adverts gone off")
    # CloudWatch takes numbers alone; a boolean would equal them here.
    assert json.dumps([line[name] for name in names]) == "[1, 0, 1, 0]"


def test_entries_of_a_batch_are_counted_together() -> None:
    entries = [
        read_new_entry(bring(sample("relay_changes", "tellings"), **members)["Records"][0])
        for members in (
            {"status": Word.CREATING_FAILED, "portals": ("SL", "BD")},
            {"status": Word.DELETED, "portals": ("SL",), "live_changed": True, "advert": Advert(AdvertState.ABSENT)},
        )
    ]
    counts = count_told(entry for entry in entries if entry is not None)
    assert counts["SL", "acme"] == {
        "entries": 2,
        "operations failed": 1,
        "adverts gone live": 0,
        "adverts gone off": 1,
    }
    assert counts["BD", "acme"]["entries"] == 1


def test_an_entry_that_cannot_be_counted_is_told_all_the_same(
    queues: MemoryWakeUps, caplog: pytest.LogCaptureFixture
) -> None:
    event = sample("relay_changes", "tellings")
    event["Records"][0]["dynamodb"]["NewImage"]["body"] = {"B": "AAAA"}
    assert len(relay_tellings(queues, event)) == 3
    assert "a batch could not be counted" in caplog.messages


def passes(pattern: Mapping[str, Any], record: Mapping[str, Any]) -> bool:
    """Whether a stream's filter lets a record through: lists name the values allowed."""
    return all(
        record.get(name) in allowed if isinstance(allowed, list) else passes(allowed, record.get(name) or {})
        for name, allowed in pattern.items()
    )


@pytest.mark.parametrize("function", ["relay_changes", "apply_events"])
def test_the_filters_let_every_kind_through_that_the_function_reads(function: str) -> None:
    (filters,) = (
        [json.loads(one["Pattern"]) for one in event["Properties"]["FilterCriteria"]["Filters"]]
        for properties in list_resources("AWS::Serverless::Function").values()
        for event in properties.get("Events", {}).values()
        if event["Type"] == "DynamoDB" and function in properties["CodeUri"]
    )
    records = [
        record
        for path in (ROOT / "events" / function).glob("*.json")
        for record in json.loads(path.read_text())["Records"]
        if "dynamodb" in record
    ]
    met = [[passes(pattern, record) for pattern in filters] for record in records]
    assert all(map(any, met)), "a record the function reads never comes"
    assert all(map(any, zip(*met, strict=True))), "a pattern for which there is no sample"


def relay_tellings(queues: MemoryWakeUps, event: dict[str, Any], now: int = 1_795_309_200_000) -> list[Telling]:
    bootstrap.use(wake_ups=queues, clock=FakeClock(now), settings=Settings({"METRICS_BY_CUSTOMER": "false"}))
    relay_changes.handler(event, CONTEXT)
    assert queues.take() == []
    return queues.take_tellings()


def test_an_entry_a_telling_and_a_subscription_are_told_when_their_wait_is_over(queues: MemoryWakeUps) -> None:
    assert relay_tellings(queues, sample("relay_changes", "tellings")) == [
        Telling("acme", Place(CLASSIFIED, "imovirtual")),
        Telling("acme", Place(CLASSIFIED, "aviv"), delay=5),
        Telling("acme", None, delay=100),
    ]


def test_a_telling_that_waits_too_long_for_a_queue_is_left_to_its_due_time(queues: MemoryWakeUps) -> None:
    told = relay_tellings(queues, sample("relay_changes", "tellings"), now=1_795_309_200_000 - 10 * 60_000)
    assert told == [Telling("acme", Place(CLASSIFIED, "imovirtual"))]


def test_a_knock_or_a_moved_due_time_wakes_no_telling(queues: MemoryWakeUps) -> None:
    event = sample("relay_changes", "tellings")
    for record in event["Records"][1:]:
        record["dynamodb"]["OldImage"]["version"] = record["dynamodb"]["NewImage"]["version"]
    assert relay_tellings(queues, {"Records": event["Records"][1:]}) == []


# --- notify_crm ------------------------------------------------------------------------------------------------------


def test_a_telling_is_one_look_and_its_end_is_counted(
    queues: MemoryWakeUps, capsys: pytest.CaptureFixture[str]
) -> None:
    seen: list[Telling] = []

    def look(telling: Telling) -> Look:
        seen.append(telling)
        return Look(Ending.PAUSED, 2, "No callback was accepted since …")

    bootstrap.use(notify_crm=look)
    assert notify_crm.handler(sample("notify_crm", "telling"), CONTEXT) == {"batchItemFailures": []}
    assert seen == [Telling("acme", Place(CLASSIFIED, "imovirtual"))]
    (counted,) = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    names = ("callbacks accepted", "tellings paused", "subscriptions warned")
    assert [counted[name] for name in names] == [[2.0], [1.0], [1.0]]


def test_a_telling_that_fails_leaves_its_message_in_the_queue(queues: MemoryWakeUps) -> None:
    def look(telling: Telling) -> Look:
        raise RuntimeError("poison")

    bootstrap.use(notify_crm=look)
    event = sample("notify_crm", "telling")
    answer = notify_crm.handler(event, CONTEXT)
    assert answer == {"batchItemFailures": [{"itemIdentifier": event["Records"][0]["messageId"]}]}


# --- apply_events ----------------------------------------------------------------------------------------------------


def apply(queues: MemoryWakeUps, recorder: Recorder, event: dict[str, Any]) -> dict[str, Any]:
    bootstrap.use(apply_events=recorder, wake_ups=queues)
    answer: dict[str, Any] = apply_events.handler(event, CONTEXT)
    return answer


def test_a_message_and_a_link_are_folded(queues: MemoryWakeUps) -> None:
    recorder = Recorder()
    assert apply(queues, recorder, sample("apply_events", "stream")) == {"batchItemFailures": []}
    assert recorder.calls == [MESSAGE, LINK]


def test_a_record_that_fails_goes_alone_to_the_retry_queue(queues: MemoryWakeUps) -> None:
    recorder = Recorder(failing=(MESSAGE,))
    assert apply(queues, recorder, sample("apply_events", "stream")) == {"batchItemFailures": []}
    assert queues.retried == [("olx", REMOTE, DIGEST)]
    assert recorder.calls[-1] == LINK, "the others are folded all the same"


def test_a_message_that_cannot_be_read_goes_to_the_retry_queue_by_its_key(queues: MemoryWakeUps) -> None:
    event = sample("apply_events", "stream")
    event["Records"][0]["dynamodb"]["NewImage"]["raw"] = {"B": "bm90IHpsaWI="}
    recorder = Recorder()
    apply(queues, recorder, event)
    assert (queues.retried, recorder.calls) == ([("olx", REMOTE, DIGEST)], [LINK])


def test_a_queued_message_that_fails_stays_in_its_queue(queues: MemoryWakeUps) -> None:
    event = sample("apply_events", "retry")
    recorder = Recorder(failing=(("olx", REMOTE, DIGEST),))
    answer = apply(queues, recorder, event)
    assert answer == {"batchItemFailures": [{"itemIdentifier": event["Records"][0]["messageId"]}]}
    assert queues.retried == []


def test_a_queued_message_of_which_the_hourly_try_goes_on_leaves_its_queue(queues: MemoryWakeUps) -> None:
    recorder = Recorder(failing=(("olx", REMOTE, DIGEST),), hourly=True)
    assert apply(queues, recorder, sample("apply_events", "retry")) == {"batchItemFailures": []}
    assert recorder.aside == [("olx", REMOTE, DIGEST)]


def test_a_queued_message_nobody_can_read_stays_in_its_queue(queues: MemoryWakeUps) -> None:
    event = sample("apply_events", "retry")
    event["Records"][0]["body"] = "nothing"
    assert apply(queues, Recorder(), event)["batchItemFailures"]


def test_outcomes_are_counted(queues: MemoryWakeUps, capsys: pytest.CaptureFixture[str]) -> None:
    apply(queues, Recorder(), sample("apply_events", "stream"))
    counted = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    assert counted[0]["messages applied"] == [1.0, 1.0]


# --- deliver_publication ---------------------------------------------------------------------------------------------


def test_a_wake_up_is_one_look(queues: MemoryWakeUps) -> None:
    recorder = Recorder()
    bootstrap.use(**{"deliver olx": recorder})
    answer = deliver_publication.handler(sample("deliver_publication", "wake_up"), CONTEXT)
    assert answer == {"batchItemFailures": []}
    assert recorder.calls == [WakeUp("olx", CLASSIFIED, "imovirtual", "acme")]


def test_a_wake_up_of_a_listing_process_is_one_look_too(queues: MemoryWakeUps) -> None:
    recorder = Recorder()
    bootstrap.use(**{"deliver processes spotahome": recorder})
    assert deliver_publication.handler(sample("deliver_publication", "process"), CONTEXT) == {"batchItemFailures": []}
    assert recorder.calls == [ProcessWakeUp("spotahome", "acme", 48212)]


def test_a_look_that_fails_leaves_its_message_in_the_queue(queues: MemoryWakeUps) -> None:
    event = sample("deliver_publication", "wake_up")
    recorder = Recorder(failing=(WakeUp("olx", CLASSIFIED, "imovirtual", "acme"),))
    bootstrap.use(**{"deliver olx": recorder})
    answer = deliver_publication.handler(event, CONTEXT)
    assert answer == {"batchItemFailures": [{"itemIdentifier": event["Records"][0]["messageId"]}]}


@pytest.mark.parametrize("trace", ["00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", None])
def test_a_look_that_fails_is_logged_with_the_crms_trace(
    queues: MemoryWakeUps, monkeypatch: pytest.MonkeyPatch, trace: str | None
) -> None:
    event = sample("deliver_publication", "wake_up")
    recorder = Recorder(failing=(WakeUp("olx", CLASSIFIED, "imovirtual", "acme"),), trace=trace)
    bootstrap.use(**{"deliver olx": recorder})
    written = io.StringIO()
    monkeypatch.setattr(deliver_publication.logger.registered_handler, "stream", written)
    deliver_publication.handler(event, CONTEXT)
    (line,) = [json.loads(line) for line in written.getvalue().splitlines() if "a look failed" in line]
    assert (line["classifiedId"], line.get("traceparent")) == (CLASSIFIED, trace)


@pytest.mark.parametrize(("receives", "last"), [(1, False), (9, False), (10, True), (11, True)])
@pytest.mark.parametrize("hourly", [False, True])
def test_why_a_look_failed_is_noted_with_its_message(
    queues: MemoryWakeUps, monkeypatch: pytest.MonkeyPatch, receives: int, last: bool, hourly: bool
) -> None:
    """The last receive leaves the message to the DLQ; before it, one that only the hourly look can help has done its part."""
    event = sample("deliver_publication", "wake_up")
    event["Records"][0]["attributes"]["ApproximateReceiveCount"] = str(receives)
    wake_up = WakeUp("olx", CLASSIFIED, "imovirtual", "acme")
    recorder = Recorder(failing=(wake_up,), hourly=hourly)
    bootstrap.use(**{"deliver olx": recorder})
    written = io.StringIO()
    monkeypatch.setattr(deliver_publication.logger.registered_handler, "stream", written)
    answer = deliver_publication.handler(event, CONTEXT)
    *before, (noted, reason, was_last) = recorder.stumbles
    assert before == ([(wake_up, deliver_publication.DIED, True)] if last else [])
    assert (noted, was_last) == (wake_up, last)
    assert reason.startswith("RuntimeError at test_stream_and_queue_functions.py:")
    assert "poison" not in reason, "what others' errors say may quote a secret"
    (line,) = [json.loads(line) for line in written.getvalue().splitlines() if "a look failed" in line]
    message_id = event["Records"][0]["messageId"]
    assert (line["messageId"], line["reason"]) == (message_id, reason)
    kept = [] if hourly and not last else [{"itemIdentifier": message_id}]
    assert answer == {"batchItemFailures": kept}


def test_a_look_that_ends_its_function_is_noted_before_it_does_so_for_the_last_time(queues: MemoryWakeUps) -> None:
    """Nothing that is out of memory or time gets to say why: the CRM would wait for ever."""
    event = sample("deliver_publication", "wake_up")
    event["Records"][0]["attributes"]["ApproximateReceiveCount"] = "10"
    wake_up = WakeUp("olx", CLASSIFIED, "imovirtual", "acme")

    class Deadly(Recorder):
        def __call__(self, wake_up: WakeUp | ProcessWakeUp, follow: Any = None) -> None:
            raise KeyboardInterrupt

    recorder = Deadly()
    bootstrap.use(**{"deliver olx": recorder})
    with pytest.raises(KeyboardInterrupt):
        deliver_publication.handler(event, CONTEXT)
    assert recorder.stumbles == [(wake_up, deliver_publication.DIED, True)]


def test_a_note_that_cannot_be_made_keeps_the_message(queues: MemoryWakeUps, monkeypatch: pytest.MonkeyPatch) -> None:
    def stumble(*_: Any, **__: Any) -> bool:
        raise StoreUnavailableError("down")

    event = sample("deliver_publication", "wake_up")
    recorder = Recorder(failing=(WakeUp("olx", CLASSIFIED, "imovirtual", "acme"),))
    monkeypatch.setattr(recorder, "stumble", stumble)
    bootstrap.use(**{"deliver olx": recorder})
    assert deliver_publication.handler(event, CONTEXT)["batchItemFailures"]


def test_a_message_nobody_can_read_stays_for_the_dlq(queues: MemoryWakeUps) -> None:
    event = sample("deliver_publication", "wake_up")
    event["Records"][0]["body"] = "{"
    bootstrap.use(**{"deliver olx": Recorder()})
    assert deliver_publication.handler(event, CONTEXT)["batchItemFailures"]


# --- reconcile -------------------------------------------------------------------------------------------------------


def test_a_round_of_reconcile_says_how_much_it_woke(queues: MemoryWakeUps) -> None:
    bootstrap.use(reconcile=lambda: 3)
    assert reconcile.handler(sample("reconcile", "each_minute"), CONTEXT) == {"woken": 3}


# --- poll_spotahome --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("case", "scope", "release"),
    [("scheduled", None, None), ("full", Scope.FULL, None), ("release", None, "agency-0042")],
)
def test_sweeps_are_scheduled_asked_for_and_released(
    queues: MemoryWakeUps, case: str, scope: Scope | None, release: str | None
) -> None:
    asked = []

    def poll(scope: Scope | None, *, release: str | None) -> Polled:
        asked.append((scope, release))
        return Polled(3, ("agency-0042",), ())

    bootstrap.use(poll_spotahome=poll)
    answer = poll_spotahome.handler(sample("poll_spotahome", case), CONTEXT)
    assert asked == [(scope, release)]
    assert answer == {"changed": 3, "held": ["agency-0042"], "failed": []}


def test_a_comparison_names_what_it_found() -> None:
    drift = Drift(Finding.MISSING, "imovirtual", "c-1", "advert-1", "live", "–", removes=True)
    found = Compared(Account("olx", "acme", "imovirtual"), 1, 5, (drift,), (drift,))
    bootstrap.use(compare_portals=lambda after, **how: ((found,), "next"), compare_nightly=lambda: (found,))
    planned = reconcile.handler(sample("reconcile", "plan"), CONTEXT)
    assert planned["after"] == "next"
    (account,) = planned["accounts"]
    assert (account["account"], account["held"], account["total"]) == ("olx/acme/imovirtual", 1, 1)
    assert (account["drifts"][0]["finding"], account["drifts"][0]["held"]) == ("live here, not listed there", True)
    assert reconcile.handler(sample("reconcile", "nightly"), CONTEXT)["accounts"] == [account]
