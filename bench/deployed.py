"""The hub as it is deployed: the real template on the embedded AWS, the portals and a CRM simulated."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from bench.stage import FOLDER
from sandbox.crm import Crm
from sandbox.embedded_aws import EmbeddedAws
from sandbox.hub import running_hub
from sandbox.processes import free_port
from sandbox.stack import Stack, describe_stack
from tests.e2e.world import Simulator

Json = dict[str, Any]
HOOK = "/bench"


@dataclass
class Deployed:
    """A running hub: its `endpoints.json`, its AWS and stack, a CRM that calls it, two portals, and where the CRM is told."""

    endpoints: Json
    aws: EmbeddedAws
    stack: Stack
    crm: Crm
    olx: Simulator
    aviv: Simulator
    told: Simulator
    # Read on, not anew each time: who answers is measured meanwhile.
    _accepted: list[str] = field(default_factory=list)

    def find_source(self, function: str, kind: str) -> str:
        """Return the id of the one event source of a function, both by logical ids; `kind` is part of the source's ARN."""
        listed = self.aws.client("lambda").list_event_source_mappings(FunctionName=self.stack.resources[function])
        (found,) = (one["UUID"] for one in listed["EventSourceMappings"] if kind in one["EventSourceArn"])
        return str(found)

    def switch(self, source: str, *, on: bool) -> None:
        """Hold an event source, or let it go on."""
        self.aws.client("lambda").update_event_source_mapping(UUID=source, Enabled=on)

    def count_queued(self, queue: str) -> int:
        """Return how many messages lie in the queue at this URL, those in flight and the delayed ones included."""
        names = [f"ApproximateNumberOfMessages{kind}" for kind in ("", "NotVisible", "Delayed")]
        attributes = self.aws.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=names)["Attributes"]
        return sum(int(attributes[name]) for name in names)

    def list_accepted(self, prefix: str) -> list[str]:
        """Return the paths of the callbacks below a prefix that the CRM's end has taken, in order."""
        page = self.told.ask("accepted", after=str(len(self._accepted)))
        self._accepted += (str(one["path"]) for one in page["items"])
        return [path for path in self._accepted if path.startswith(f"{prefix}/")]


@contextmanager
def running(statuses: Sequence[str] | None = None) -> Iterator[Deployed]:
    """Start a hub of the bench's own, subscribe a CRM to these statuses (all there are), and end it all afterwards."""
    with running_hub(free_port(), state=FOLDER / "deployed") as endpoints:
        aws = EmbeddedAws(int(endpoints["aws"]["endpoint_url"].rpartition(":")[2]))
        simulators = {name: Simulator(url) for name, url in endpoints["simulators"].items()}
        crm = Crm(endpoints)
        wish: Json = {"url": endpoints["simulators"]["crm"] + HOOK}
        crm.send("PUT", "/webhooks", json=wish | ({"statuses": list(statuses)} if statuses else {})).raise_for_status()
        # One callback for each operation, so that it is known which one tells the CRM.
        simulators["olx"].switch("PUT", "rules", {"lifecycle": "none"})
        try:
            told = simulators["crm"]
            yield Deployed(endpoints, aws, describe_stack(aws), crm, simulators["olx"], simulators["aviv"], told)
        finally:
            crm.close()
