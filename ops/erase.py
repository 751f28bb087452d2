"""make erase CUSTOMER=<id> [APPLY=1 REASON=<why>] [ABANDON=1] [STACK=<name>]

Shows what the hub keeps of a customer, and with APPLY=1 removes it for good: credentials first, then classifieds with their
publications and timelines, the portals' messages and all else. Adverts that the public still sees would stay where they are
with nobody to take them off: then nothing is removed, unless ABANDON=1 says that this is meant.
REASON is kept in the stack's log, with the customer's id and the counts. Backups and the log forget by themselves.
Exit code: 0 shown, or nothing is left, 1 something stands in the way, 2 it could not be done.
"""

from collections import Counter
from collections.abc import Mapping

from rich.console import Console
from rich.text import Text

from ops.errors import OpsError
from ops.given import read_switch
from ops.screen import build_table, showing_progress
from ops.stack import LOG_STREAM, Stack
from placard.aws.customer_data import CustomerData

NAMES = ("CUSTOMER", "APPLY", "REASON", "ABANDON")
# What comes up meanwhile, a last message of a portal's, the next pass finds.
MOST_PASSES = 5


def run(given: Mapping[str, str], stack: Stack, console: Console) -> int:
    """Show what is meant, or remove it."""
    customer, apply, reason = given.get("CUSTOMER"), read_switch(given, "APPLY"), given.get("REASON")
    if customer is None:
        raise OpsError("CUSTOMER= names whose data is meant.")
    if apply and reason is None:
        raise OpsError("APPLY=1 needs REASON=: who asked for it, and when.")
    data = stack.customer_data(customer)
    counts = Counter(item.get("kind", "secret") for _, item in data.read())
    if not counts:
        console.print("Nothing is kept of such a customer.")
        return 0
    console.print(
        build_table(("kept", "items"), ((kind.lower(), str(count)) for kind, count in sorted(counts.items())))
    )
    if _is_held(data, console, abandon=read_switch(given, "ABANDON")):
        return 1
    if not apply:
        console.print("Nothing was removed: APPLY=1 REASON=… removes it for good.", soft_wrap=True, markup=False)
        return 0
    erased = _erase(data, console)
    stack.log("a customer was erased", customer=customer, reason=reason, items=erased)
    console.print(f"{erased} items removed. The reason stands in the log stream {LOG_STREAM!r}.", soft_wrap=True)
    return 0


def _is_held(data: CustomerData, console: Console, *, abandon: bool) -> bool:
    """Whether adverts that are live, or are being worked on, forbid it; says so."""
    held = sum(
        publication.running is not None or any(standing.advert.live for standing in publication.standings.values())
        for publication in data.publications()
    )
    if not held or abandon:
        return False
    text = f"Adverts still live, or in a portal's hands: {held}. Take them off first (DELETE), or say ABANDON=1."
    console.print(Text(text, style="bold red"), soft_wrap=True)
    return True


def _erase(data: CustomerData, console: Console) -> int:
    erased = 0
    with showing_progress(console, "items removed") as count:
        for _ in range(MOST_PASSES):
            before = erased
            for place, item in data.read():
                data.erase(place, item)
                erased += 1
                count(erased)
            if erased == before:
                return erased
    raise OpsError("Something new comes up again and again: is the customer still publishing?")
