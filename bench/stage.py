"""The stage that all builds are measured on: one AWS, a table for each build, the same secrets and the same data."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from shutil import copytree, rmtree
from typing import Any

import boto3
import httpx

from bench.table import BUILDS
from placard.aws.classifieds import DynamoClassifiedStore
from placard.aws.clock import SystemClock
from placard.aws.processes import DynamoProcessStore
from placard.aws.publications import DynamoPublicationStore
from placard.aws.subscriptions import DynamoSubscriptionStore
from placard.aws.table import Table
from placard.aws.vault import Vault
from placard.domain.listing_process import Facts, ListingProcess
from placard.domain.look import open_publication, see
from placard.domain.subscription import Subscription
from placard.ports import Change
from placard.use_cases.listing_processes import Paging, list_processes
from placard.use_cases.publish_classified import Caller, post_classified
from placard.use_cases.query_status import read_classified
from placard.use_cases.subscribe_webhook import show_subscription
from sandbox.embedded_aws import REGION
from sandbox.processes import ROOT, clean_environment, require_tool, run_tool
from sandbox.stack import build_stack
from tests.integration.stores import aws

FOLDER = ROOT / ".bench"
FUNCTIONS = (
    "receive_olx",
    "receive_aviv",
    "publish_classified",
    "query_status",
    "subscribe_webhook",
    "listing_processes",
)
# Those of the whole hub; not those that run by the clock, whose calls belong to no classified.
WHOLE_HUB = (
    "publish_classified",
    "subscribe_webhook",
    "receive_olx",
    "receive_aviv",
    "apply_events",
    "relay_changes",
    "deliver_publication",
    "notify_crm",
)
OPEN = "open"  # how whoever is none of them is known to the AWS of the bench
CUSTOMER = "agency-0042"
CLIENT = "crm-client"
SECRETS = {
    "olx/app": {"notification_secret": "notification-secret"},
    "aviv/app": {"path_key": "path-key"},
}
# Of the classified that reading calls read.
ESTATE = "estate-of-the-bench"
PORTALS = ("SL", "IMOVIRTUAL", "SPOTAHOME")
PROCESSES = 20


@dataclass(frozen=True)
class Report:
    """What a worker's whole run came to. `first` is seconds from its start to its first answer, `cpu` of one request.

    `restored` is the part of `first` behind the imports, which is all that a worker restored from a snapshot has to do;
    `start_cpu` is the processor time of that start and answer; `statuses` are those of all answers; `peak` is in bytes.
    """

    first: float
    restored: float
    start_cpu: float
    cpu: float
    peak: int
    statuses: tuple[int, ...]


@dataclass
class Stage:
    """Where functions of every build can be run."""

    url: str
    urls: Mapping[str, str]
    environments: Mapping[str, Mapping[str, str]]
    interpreter: str
    paths: Mapping[str, str]
    classified_id: str = ""
    _calls: Path = field(default=FOLDER / "calls.json")

    def run(self, build: str, function: str, warm_up: list[Any], measured: list[Any] | None = None) -> Report:
        """Start a worker, have it answer the events of `warm_up`, then those of `measured`, and return what it took."""
        self._calls.write_text(json.dumps({"warm_up": warm_up, "measured": measured or []}))
        reading, writing = os.pipe()
        path = os.pathsep.join((str(FOLDER / "functions" / build / function), self.paths[build]))
        settings = {"BENCH_REPORT": str(writing), "PYTHONPATH": path, "POWERTOOLS_SERVICE_NAME": function}
        with os.fdopen(reading) as reports:
            began = time.perf_counter()
            worker = subprocess.Popen(  # noqa: S603
                # Without `site`: what this machine's own installation loads at every start is no part of Lambda's.
                [self.interpreter, "-S", ROOT / "bench" / "one_process.py", self._calls],
                env=clean_environment({**self.environments[build], **settings}),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                pass_fds=[writing],
                text=True,
            )
            os.close(writing)
            try:
                first_line = reports.readline()
                first = time.perf_counter() - began
                last_line = reports.readline()
                _, complaint = worker.communicate()
            finally:
                worker.kill()  # it has ended, unless the bench is broken off
        if not last_line:
            raise RuntimeError(f"{build}/{function} ended with {worker.returncode}:\n{complaint}")
        figures = json.loads(last_line)
        start = json.loads(first_line)
        cpu = figures["cpu"] / max(1, figures["requests"])
        return Report(first, start["restored"], start["cpu"], cpu, figures["peak"], tuple(figures["statuses"]))

    def list_calls(self, after: int = 0) -> list[dict[str, Any]]:
        """Return the calls that AWS has answered so far, from a number on: see `counted_aws`."""
        answer = httpx.get(f"{self.url}/_bench/calls", params={"after": after}, trust_env=False, timeout=60)
        calls: list[dict[str, Any]] = answer.raise_for_status().json()
        return calls

    def count_calls(self) -> int:
        """Return how many that is."""
        return len(self.list_calls())


@contextmanager
def set_up() -> Iterator[Stage]:
    """Build the layer, lay out the functions, start AWS, and fill it; end AWS afterwards."""
    FOLDER.mkdir(exist_ok=True)
    template = build_stack(FOLDER)
    _lay_out()
    server = subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "bench.counted_aws", OPEN, *WHOLE_HUB],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=(FOLDER / "aws.log").open("w"),
        text=True,
    )
    try:
        urls = json.loads(server.stdout.readline() if server.stdout else "")
        os.environ.update(aws.ENVIRONMENT, AWS_ENDPOINT_URL=urls[OPEN])
        yield _fill(urls, template.parent / "PlacardLayer" / "python")
    finally:
        server.terminate()
        server.wait()


def _lay_out() -> None:
    """Copy every function into a folder of its own, as it is deployed: ours as source, the others compiled.

    A layer is compiled when it is built; what the bench compares with is given the same advantage throughout.
    """
    site = next((ROOT / ".venv-bench" / "lib").glob("python3.*")) / "site-packages"
    laid = FOLDER / "functions"
    rmtree(laid, ignore_errors=True)
    for function in sorted(path.parent.name for path in (ROOT / "functions").glob("*/app.py")):
        copytree(ROOT / "functions" / function, laid / "ours" / function, ignore=lambda *_: ["__pycache__"])
        for build in BUILDS[1:] if function in FUNCTIONS else ():
            source, target = ROOT / "bench" / build, laid / build / function
            target.mkdir(parents=True)
            for file in source.glob("*.py"):
                if file.stem == function:
                    (target / "app.py").write_text(file.read_text())
                elif file.stem not in FUNCTIONS:
                    (target / file.name).write_text(file.read_text())
    python = require_tool(".venv", "python")
    targets = [site, laid / "bare", laid / "usual"]
    command = [python, "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", *targets]
    run_tool(command, FOLDER / "compile.log", {}, "compileall")


def _fill(urls: Mapping[str, str], layer: Path) -> Stage:
    """Make tables and secrets, and store in each build's table what reading calls read."""
    url = urls[OPEN]
    vault_table, key = aws.create_table(url, "VaultTable"), aws.create_key(url)
    vault = Vault(vault_table, key, SystemClock())
    manager = boto3.client("secretsmanager", endpoint_url=url, region_name=REGION)
    for name, value in SECRETS.items():
        vault.write(name, value, 0)
        manager.create_secret(Name=name, SecretString=json.dumps(value))
    ours, classified_id = create_seeded_table(url)
    tables = {build: ours if build == "ours" else aws.create_table(url, "Table") for build in BUILDS}
    _copy(url, ours, classified_id, (tables[build] for build in BUILDS[1:]))
    common = {
        **aws.ENVIRONMENT,
        "AWS_ENDPOINT_URL": url,
        "PYTHONDONTWRITEBYTECODE": "1",  # Lambda's file system is read-only
        "PYTHONNOUSERSITE": "1",
        "VAULT_TABLE_NAME": vault_table,
        "VAULT_KEY_ID": key,
        "IDEMPOTENCY_TABLE_NAME": _create_idempotency_table(url),
        "TRUSTED_CLIENTS": CLIENT,
        "TIME_SCALE": "1",
        "STATUS_RETENTION_DAYS": "400",
        "AVIV_RULES": "{}",
        "ALLOW_LOOPBACK_CALLBACKS": "false",
    }
    site = next((ROOT / ".venv-bench" / "lib").glob("python3.*")) / "site-packages"
    return Stage(
        url=url,
        urls=urls,
        environments={build: {**common, "TABLE_NAME": tables[build]} for build in BUILDS},
        interpreter=getattr(sys, "_base_executable", sys.executable),
        paths={"ours": str(layer), "bare": str(layer), "usual": str(site)},
        classified_id=classified_id,
    )


def _create_idempotency_table(url: str) -> str:
    """Create what Powertools' idempotency keeps its records in."""
    client = boto3.client("dynamodb", endpoint_url=url, region_name=REGION)
    client.create_table(
        TableName="idempotency",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return "idempotency"


def read_body() -> dict[str, Any]:
    """Return the classified that is published here: AVIV's own sample."""
    body: dict[str, Any] = json.loads((ROOT / "tests/contracts/aviv/classified_sl_resale.json").read_text())
    return body


def create_seeded_table(url: str) -> tuple[str, str]:
    """Return a table of ours that holds what reading calls read, and the id of its classified on three channels."""
    name = aws.create_table(url, "Table")
    clock, table = SystemClock(), Table(name)
    classifieds, publications = DynamoClassifiedStore(table, clock), DynamoPublicationStore(table, clock, 400)
    ack = post_classified(classifieds, clock, Caller(CUSTOMER), _published_body())
    classified, _ = classifieds.load(ack.classified_id)
    if classified is None:
        raise RuntimeError("what was posted is not there")
    for channel in classified.channels:
        publications.save(Change(*see(open_publication(classified, channel), classified, clock.now())))
    subscriptions, processes = DynamoSubscriptionStore(table, clock), DynamoProcessStore(table)
    subscriptions.save_subscription(
        Subscription(CUSTOMER, "https://crm.example/hook", clock.now(), None, live_changes=True)
    )
    for number in range(1, PROCESSES + 1):
        facts = Facts("waitingContent", f"L-{number}", "account-1", f"property-{number}", None)
        processes.save(ListingProcess(CUSTOMER, number, facts))
    return name, ack.classified_id


def _published_body() -> dict[str, Any]:
    body = read_body() | {"portals": list(PORTALS)}
    body["data"]["metaData"]["source"]["offererEstateId"] = ESTATE
    return body


def _copy(url: str, ours: str, classified_id: str, others: Iterable[str]) -> None:
    """Store what ours holds in the other builds' tables too, as they keep it."""
    clock, table = SystemClock(), Table(ours)
    subscriptions, vault = DynamoSubscriptionStore(table, clock), Vault("none", "none", clock)
    latest = read_classified(DynamoClassifiedStore(table, clock), CUSTOMER, classified_id).shown["latest"]
    subscription = show_subscription(subscriptions, vault, clock, CUSTOMER, with_secret=False)
    page = list_processes(DynamoProcessStore(table), CUSTOMER, {}, Paging())
    pk = f"CLASSIFIED#{classified_id}"
    packed = zlib.compress(json.dumps(_published_body()).encode())
    items: list[dict[str, Any]] = [
        {"pk": pk, "sk": "CLASSIFIED", "customer": CUSTOMER, "deleted": False, "revision": 1, "body": packed},
        {"pk": f"CUSTOMER#{CUSTOMER}", "sk": "WEBHOOK", "state": json.dumps(subscription)},
    ]
    items += [{"pk": pk, "sk": f"PUBLICATION#{n}", "latest": json.dumps(entry)} for n, entry in enumerate(latest)]
    for row in page["_embedded"]["sah:listing-processes"]:
        key = {"pk": f"CUSTOMER#{CUSTOMER}", "sk": f"PROCESS#{row['id']:012d}"}
        items.append(key | {"state": json.dumps(row)})
    resource = boto3.resource("dynamodb", endpoint_url=url, region_name=REGION)
    for other in others:
        for item in items:
            resource.Table(other).put_item(Item=item)
