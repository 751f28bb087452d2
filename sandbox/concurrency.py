"""Lets fewer workers of a function run side by side than AWS would.

Each is a process that imports before its first call; dozens of them for one burst of callbacks keep a machine of two cores
from everything else.
"""

from typing import Any

from sandbox.embedded_aws import EmbeddedAws

MOST_AT_ONCE = 5


def limit_concurrency(aws: EmbeddedAws) -> None:
    """Lower the most calls at once of every queue's reader to `MOST_AT_ONCE`."""
    client: Any = aws.client("lambda")
    for mapping in client.list_event_source_mappings()["EventSourceMappings"]:
        if mapping.get("ScalingConfig", {}).get("MaximumConcurrency", 0) > MOST_AT_ONCE:
            client.update_event_source_mapping(UUID=mapping["UUID"], ScalingConfig={"MaximumConcurrency": MOST_AT_ONCE})
