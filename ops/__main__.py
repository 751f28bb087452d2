"""The operator's tools from a terminal: python -m ops TOOL [NAME=value …]. Without values each prints how it is used.

    replay      rebuild a publication from its timeline and hold it against the stored one
    redrive     messages that nobody could handle: show them, send them back
    reconcile   what the portals list against what the hub believes: show it, heal it
    sweep       Spotahome's listing processes, now
    connect     an agency's accounts at the portals, and the hub's own credentials: store them, check them
    export      everything the hub keeps of a customer
    erase       the same, for good

Without STACK= a tool works on the sandbox of `make up`; with it, on that stack of the AWS account at hand.
"""

import sys
from importlib import import_module
from pathlib import Path
from textwrap import dedent

from botocore.exceptions import BotoCoreError, ClientError

from ops.errors import OpsError
from ops.given import read_given
from ops.screen import open_console
from ops.stack import ENDPOINTS, open_stack
from placard.domain.errors import PlacardError

TOOLS = ("replay", "redrive", "reconcile", "sweep", "connect", "export", "erase")
# As in sysexits: what was asked for was not understood, or could not be done.
NOT_DONE = 2


def main(words: list[str]) -> int:
    """Run one tool and return its exit code."""
    if not words or words[0] not in TOOLS:
        print(__doc__, file=sys.stderr)
        return NOT_DONE
    tool = import_module(f"ops.{words[0]}")
    if not words[1:]:
        print(dedent(tool.__doc__ or ""), end="", file=sys.stderr)
        return NOT_DONE
    try:
        given = read_given(words[1:], tool.NAMES)
        stack = open_stack(given.get("STACK"), Path(given.get("ENDPOINTS", ENDPOINTS)))
        return int(tool.run(given, stack, open_console()))
    except OpsError as error:
        print(error, file=sys.stderr)
    except (BotoCoreError, ClientError, PlacardError) as error:
        print(f"The stack did not answer: {error}", file=sys.stderr)
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
    return NOT_DONE


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
