"""The whole hub, a step at a time: every function in a warm worker, on the AWS of the bench, with the portals over HTTP.

What AWS does between the functions is done here by the template's own words: records of the stream go, by each
function's filters, to it in batches; messages of a queue go to its function, one batch at a time. One worker for each
function, so that what is counted is the hub's and not a busy machine's.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import boto3
import httpx

from bench.stage import CLIENT, CUSTOMER, FOLDER, ROOT, WHOLE_HUB, Stage
from sandbox.embedded_aws import REGION, EmbeddedAws
from sandbox.hub import portal_parameters, start_simulators
from sandbox.processes import clean_environment, end_groups
from sandbox.seed import seed_vault
from tests.integration.stores import aws
from tests.template import GLOBALS, RESOURCES, list_resources, name_target

# What Lambda's own runtime brings.
RUNTIME = ("boto3", "botocore", "s3transfer", "urllib3", "dateutil", "six")
POLL_SECONDS = 0.05
# Everything here is plain http; reading the machine's certificates would take longer than most calls.
PLAIN = httpx.Client(trust_env=False, verify=False, timeout=30)  # noqa: S501
Json = dict[str, Any]


@dataclass
class Use:
    """What a function's worker has done so far."""

    invocations: int = 0
    seconds: float = 0.0
    peak: int = 0


class Worker:
    """One warm instance of a function."""

    def __init__(self, function: str, environment: Mapping[str, str], interpreter: str, path: str) -> None:
        self.use = Use()
        reading, writing = os.pipe()
        self._answers = os.fdopen(reading)
        self._turn = threading.Lock()
        settings = {**environment, "BENCH_REPORT": str(writing), "POWERTOOLS_SERVICE_NAME": function}
        settings["PYTHONPATH"] = os.pathsep.join((str(FOLDER / "functions/ours" / function), path))
        with (FOLDER / f"{function}.log").open("w") as log:
            self._process = subprocess.Popen(  # noqa: S603
                [interpreter, "-S", ROOT / "bench/one_process.py"],
                env=clean_environment(settings),
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=[writing],
                text=True,
            )
        os.close(writing)

    def invoke(self, event: Json) -> Any:
        """Return the function's answer to an event. RuntimeError when it ended."""
        with self._turn:
            print(json.dumps(event), file=self._process.stdin, flush=True)
            line = self._answers.readline()
        if not line:
            raise RuntimeError(f"a function ended: see the logs in {FOLDER}")
        report = json.loads(line)
        self.use.invocations += 1
        self.use.seconds += report["seconds"]
        self.use.peak = max(self.use.peak, report["peak"])
        return report["answer"]

    def end(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()


@dataclass
class Hub:
    """The workers by function, what connects them, and the simulators of the portals and of the CRM."""

    workers: Mapping[str, Worker]
    simulators: Mapping[str, str]
    queues: Mapping[str, str]
    table: str
    url: str
    told_at: str
    _read: dict[str, str] = field(default_factory=dict)
    _clients: dict[str, Any] = field(default_factory=dict)

    def step(self) -> bool:
        """Hand on what lies in the stream and the queues; whether there was anything."""
        return self._hand_on_records() | self._hand_on_messages()

    def settle(self, until: Callable[[], bool], quiet: float, patience: float) -> bool:
        """Step until nothing has moved for `quiet` seconds and `until` holds; False when it does not after `patience`."""
        moved = time.monotonic()
        while time.monotonic() - moved < quiet or not until():
            if self.step():
                moved = time.monotonic()
            elif time.monotonic() - moved > patience:
                return False
            else:
                time.sleep(POLL_SECONDS)
        return True

    def look(self, simulator: str, what: str, **params: str) -> Any:
        """Ask a simulator's controls."""
        url = f"{self.simulators[simulator]}/_sim/{what}"
        return PLAIN.get(url, params=params).raise_for_status().json()

    def told(self, classified_id: str) -> list[Json]:
        """Return the callbacks about a classified that the CRM accepted, oldest first."""
        calls = self.look("crm", "calls", path=f"^{self.told_at}/classifieds/{classified_id}", method="POST")["items"]
        return [call for call in calls if call["status"] == 201]

    def _client(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = boto3.client(service, endpoint_url=self.url, region_name=REGION)
        return self._clients[service]

    def _hand_on_records(self) -> bool:
        client = self._client("dynamodbstreams")
        (stream,) = client.list_streams(TableName=self.table)["Streams"]
        moved = False
        for shard in client.describe_stream(StreamArn=stream["StreamArn"])["StreamDescription"]["Shards"]:
            # Asked for anew each time: moto's iterators do not outlive a transaction that is refused.
            place = {"StreamArn": stream["StreamArn"], "ShardId": shard["ShardId"]}
            last = self._read.get(shard["ShardId"])
            since = (
                {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": last}
                if last
                else {"ShardIteratorType": "TRIM_HORIZON"}
            )
            page = client.get_records(ShardIterator=client.get_shard_iterator(**place, **since)["ShardIterator"])
            if page["Records"]:
                self._read[shard["ShardId"]] = page["Records"][-1]["dynamodb"]["SequenceNumber"]
            records = [_as_lambda_says_it(record) for record in page["Records"]]
            for function, source in _sources("DynamoDB"):
                patterns = [json.loads(one["Pattern"]) for one in source["FilterCriteria"]["Filters"]]
                wanted = [record for record in records if any(_matches(pattern, record) for pattern in patterns)]
                for start in range(0, len(wanted), source["BatchSize"]):
                    self.workers[function].invoke({"Records": wanted[start : start + source["BatchSize"]]})
                    moved = True
        return moved

    def _hand_on_messages(self) -> bool:
        client = self._client("sqs")
        moved = False
        for function, source in _sources("SQS"):
            address = self.queues[name_target(source["Queue"])]
            order = {"MaxNumberOfMessages": source["BatchSize"], "AttributeNames": ["All"]}
            messages = client.receive_message(QueueUrl=address, **order).get("Messages", [])
            if not messages:
                continue
            moved = True
            records = [
                {
                    "messageId": message["MessageId"],
                    "receiptHandle": message["ReceiptHandle"],
                    "body": message["Body"],
                    "attributes": message["Attributes"],
                    "eventSource": "aws:sqs",
                    "eventSourceARN": f"arn:aws:sqs:{REGION}:123456789012:{address.rpartition('/')[2]}",
                }
                for message in messages
            ]
            answer = self.workers[function].invoke({"Records": records})
            failed = {one["itemIdentifier"] for one in answer["batchItemFailures"]}
            for record in records:
                if record["messageId"] not in failed:
                    client.delete_message(QueueUrl=address, ReceiptHandle=record["receiptHandle"])
        return moved


def _sources(kind: str) -> Iterator[tuple[str, Json]]:
    """Every event source of this type that the template gives a function here, with the function's name."""
    for function in WHOLE_HUB:
        for event in _properties(function).get("Events", {}).values():
            if event["Type"] == kind:
                yield function, event["Properties"]


def _properties(function: str) -> Json:
    properties: Json = RESOURCES["".join(part.title() for part in function.split("_")) + "Function"]["Properties"]
    return properties


def _matches(pattern: Any, value: Any) -> bool:
    """Whether a value has all that a filter names (EventBridge's pattern of plain values)."""
    if isinstance(pattern, list):
        return value in pattern
    return isinstance(value, dict) and all(_matches(wanted, value.get(name)) for name, wanted in pattern.items())


def _as_lambda_says_it(record: Json) -> Json:
    """A record with its binary values in base64, as they come in an event."""

    def text(value: Any) -> Any:
        if isinstance(value, bytes):
            return base64.b64encode(value).decode()
        if isinstance(value, dict):
            return {name: text(member) for name, member in value.items()}
        return [text(member) for member in value] if isinstance(value, list) else value

    told = record["dynamodb"]
    images = {name: text(told[name]) for name in ("Keys", "NewImage", "OldImage") if told.get(name)}
    return {
        "eventID": record["eventID"],
        "eventName": record["eventName"],
        "dynamodb": images | {"SequenceNumber": "1"},
    }


@contextmanager
def running(stage: Stage) -> Iterator[Hub]:
    """Start a hub with tables, queues and secrets of its own and a CRM that is told; end it all afterwards."""
    pids: list[int] = []
    with ExitStack() as ending:
        ending.callback(end_groups, pids)
        state = FOLDER / "hub"
        state.mkdir(exist_ok=True)
        simulators = start_simulators(state, pids)
        table, vault, key = (
            aws.create_table(stage.url, "Table"),
            aws.create_table(stage.url, "VaultTable"),
            aws.create_key(stage.url),
        )
        queues = {
            name: aws.create_queue(stage.url, name)
            for name in list_resources("AWS::SQS::Queue")
            if name.endswith("Queue")
        }
        embedded = EmbeddedAws(int(stage.url.rpartition(":")[2]))
        proofs = seed_vault(embedded, table_name=vault, key_id=key, customer=CUSTOMER)
        door = Door()
        ending.callback(door.close)
        parameters = portal_parameters(simulators)
        values = {
            "TABLE_NAME": table,
            "VAULT_TABLE_NAME": vault,
            "VAULT_KEY_ID": key,
            "ALLOW_LOOPBACK_CALLBACKS": "true",
            "TRUSTED_CLIENTS": CLIENT,
            "STATUS_RETENTION_DAYS": "400",
            "AVIV_RULES": "{}",
            "METRICS_BY_CUSTOMER": "false",
            "AVIV_RECEIVER_URL": f"{door.url}/receive_aviv",
            **{_variable(name): value for name, value in parameters.items()},
            **{_variable(name) + "_URL": address for name, address in queues.items()},
        }
        runtime = _link_runtime()
        workers = {}
        for function in WHOLE_HUB:
            variables = {**GLOBALS["Environment"]["Variables"], **_properties(function)["Environment"]["Variables"]}
            literal = {name: value for name, value in variables.items() if isinstance(value, str)}
            environment = dict.fromkeys(variables, "none") | literal
            environment |= {name: value for name, value in values.items() if name in variables}
            environment |= {**aws.ENVIRONMENT, "AWS_ENDPOINT_URL": stage.urls[function], "PYTHONDONTWRITEBYTECODE": "1"}
            path = os.pathsep.join((stage.paths["ours"], str(runtime)))
            workers[function] = Worker(function, environment, stage.interpreter, path)
            ending.callback(workers[function].end)
        door.open(workers)
        order = {"url": f"{door.url}/receive_olx", "secret": proofs.olx_notification}
        httpx.put(f"{simulators['olx']}/_sim/callback", json=order, trust_env=False).raise_for_status()
        hub = Hub(workers, simulators, queues, table, stage.url, "/bench")
        _subscribe(hub)
        yield hub


def _variable(name: str) -> str:
    """`OlxBaseUrl` as `OLX_BASE_URL`."""
    return "".join(f"_{letter}" if letter.isupper() else letter.upper() for letter in name).lstrip("_")


def _subscribe(hub: Hub) -> None:
    event = json.loads((ROOT / "events/subscribe_webhook/put.json").read_text())
    event["headers"]["customer-id"] = CUSTOMER
    event["body"] = json.dumps({"url": hub.simulators["crm"] + hub.told_at})
    answer = hub.workers["subscribe_webhook"].invoke(event)
    if answer["statusCode"] != 200:
        raise RuntimeError(f"no subscription: {answer}")


def _link_runtime() -> Path:
    """A folder with what Lambda's runtime brings, and nothing else of this installation."""
    folder = FOLDER / "runtime"
    folder.mkdir(exist_ok=True)
    for name in RUNTIME:
        spec = find_spec(name)
        if spec is None or spec.origin is None:
            raise RuntimeError(f"{name} is not installed")
        origin = Path(spec.origin)
        source = origin.parent if origin.name == "__init__.py" else origin
        link = folder / source.name
        link.unlink(missing_ok=True)
        link.symlink_to(source)
    return folder


class Door:
    """Where portals call back: a server that turns their requests into events of the receivers, as function URLs do."""

    def __init__(self) -> None:
        self._receivers: Mapping[str, Worker] = {}
        door = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                """Answer with what the receiver says."""
                body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
                status = door.receive(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
                self.send_response(status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """Write nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def open(self, workers: Mapping[str, Worker]) -> None:
        """Let requests in."""
        self._receivers = workers

    def close(self) -> None:
        """Listen no longer."""
        self._server.shutdown()

    def receive(self, path: str, headers: Mapping[str, str], body: str) -> int:
        """Return the status with which a receiver answers a request."""
        _, function, rest = path.split("/", 2) if path.count("/") > 1 else (*path.split("/"), "")
        event = {
            "version": "2.0",
            "rawPath": f"/{rest}",
            "headers": dict(headers),
            "requestContext": {"http": {"method": "POST", "path": f"/{rest}"}},
            "body": body,
            "isBase64Encoded": False,
        }
        return int(self._receivers[function].invoke(event)["statusCode"])
