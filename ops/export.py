"""make export CUSTOMER=<id> [TO=<file>] [STACK=<name>]

Writes everything the hub keeps of a customer, one JSON object a line: classifieds, publications, timelines, the portals' own
messages, listing processes, the subscription, and the names of its secrets without their values. To standard output unless
TO= names a new file, which only its owner can read. Changes nothing.
Exit code: 0 written, 2 nothing is kept of such a customer, or it could not be read.
"""

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console

from ops.errors import OpsError
from ops.stack import Stack
from placard.aws.customer_data import to_json

NAMES = ("CUSTOMER", "TO")


def run(given: Mapping[str, str], stack: Stack, console: Console) -> int:
    """Write the lines as they are read."""
    customer = given.get("CUSTOMER")
    if customer is None:
        raise OpsError("CUSTOMER= names whose data is meant.")
    lines = (
        json.dumps({"kept": place, **to_json(item)}, default=str, ensure_ascii=False)
        for place, item in stack.customer_data(customer).read()
    )
    first = next(lines, None)
    if first is None:
        raise OpsError(f"Nothing is kept of a customer {customer!r}.")
    if "TO" not in given:
        for line in (first, *lines):
            sys.stdout.write(line + "\n")
        return 0
    try:
        file = os.open(Path(given["TO"]), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise OpsError(f"{given['TO']} cannot be made: {error.strerror}.") from error
    count = 0
    with os.fdopen(file, "w", encoding="utf-8") as out:
        for count, line in enumerate((first, *lines), 1):  # noqa: B007 - how many it were
            out.write(line + "\n")
    console.print(f"{count} items are in {given['TO']}.", soft_wrap=True, markup=False)
    return 0
