"""Shorter limits for a hub whose workers are ended on purpose: what a dead one holds comes back within seconds.

In earnest a lease outlives whoever took it by a minute (lifecycle §7). The simulators answer within milliseconds, so here a
function may run 25 seconds.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sandbox.embedded_aws import EmbeddedAws
from sandbox.stack import describe_stack

TIMEOUT_SECONDS = 25
LEASE_SECONDS = 30
LEASING = ("DeliverPublicationFunction", "NotifyCrmFunction", "PollSpotahomeFunction")


@contextmanager
def short_limits(endpoints: Mapping[str, Any]) -> Iterator[None]:
    """While the block runs, the functions that lease run shorter, and let go what they held sooner."""
    aws = EmbeddedAws(int(endpoints["aws"]["endpoint_url"].rpartition(":")[2]))
    resources = describe_stack(aws).resources
    client = aws.client("lambda")
    before = {name: client.get_function_configuration(FunctionName=resources[name]) for name in LEASING}
    try:
        for name, known in before.items():
            variables = {**known["Environment"]["Variables"], "LEASE_SECONDS": str(LEASE_SECONDS)}
            client.update_function_configuration(
                FunctionName=resources[name], Timeout=TIMEOUT_SECONDS, Environment={"Variables": variables}
            )
        yield
    finally:
        for name, known in before.items():
            client.update_function_configuration(
                FunctionName=resources[name], Timeout=known["Timeout"], Environment=known["Environment"]
            )
