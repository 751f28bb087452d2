"""make sweep OPEN=1 | FULL=1 | RELEASE=<customer> [STACK=<name>]

Sweeps Spotahome's listing processes now: OPEN=1 those that may still change, FULL=1 all of every account; RELEASE= sweeps one
customer's, and lets removals through that were held because they are so many: a person has found them to be true.
Exit code: 0 everything was read, 1 an account was held or could not be read, 2 the question cannot be answered.
"""

from collections.abc import Mapping

from rich.console import Console

from ops.errors import OpsError
from ops.given import read_switch
from ops.stack import Stack

NAMES = ("OPEN", "FULL", "RELEASE")
FUNCTION = "PollSpotahomeFunction"


def run(given: Mapping[str, str], stack: Stack, console: Console) -> int:
    """Have the function sweep, and show what it says."""
    wanted = [{"sweep": name.lower()} for name in ("OPEN", "FULL") if read_switch(given, name)]
    wanted += [{"release": given["RELEASE"]}] if "RELEASE" in given else []
    if len(wanted) != 1:
        raise OpsError("One of OPEN=1, FULL=1 and RELEASE=<customer> says what is to be swept.")
    if "RELEASE" in given:
        stack.require_account(given["RELEASE"], "spotahome")
    answer = stack.invoke(FUNCTION, wanted[0])
    console.print(f"{answer['changed']} listing processes have changed.")
    for name, what in (("held", "too many removals, held"), ("failed", "could not be read")):
        for customer in answer[name]:
            console.print(f"{customer}: {what}", style="bold red", soft_wrap=True, markup=False)
    return 1 if answer["held"] or answer["failed"] else 0
