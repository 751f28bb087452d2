"""make reconcile PLAN=1 | APPLY=1 [CUSTOMER=<id>] [RELEASE=<customer>] [STACK=<name>]

Compares what each portal lists with what the hub believes. PLAN=1 shows what would be done and does nothing; APPLY=1
does it: a publication that differs reads its advert anew, and a revision nobody has looked at is woken. The same runs
every night. Removals of more than a fifth of an account's live adverts, and at least five, are held and alarmed, until
RELEASE= names the customer whose list was found to be true.
Exit code: 0 nothing differs or all of it is seen to, 1 something is left to be done, 2 the question cannot be answered.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Console
from rich.text import Text

from ops.errors import OpsError
from ops.given import read_switch
from ops.screen import build_table, showing_progress
from ops.stack import Stack

NAMES = ("PLAN", "APPLY", "CUSTOMER", "RELEASE")
FUNCTION = "ReconcileFunction"
HEADINGS = ("channel", "finding", "hub", "portal", "advert", "classified", "step")
# What the function says of an advert that is none of the hub's: it is shown, and nobody touches it.
FOREIGN = "listed there, not the hub's"
UNSEEN = "a revision nobody has looked at"


def run(given: Mapping[str, str], stack: Stack, console: Console) -> int:
    """Let the function compare round by round, and show what it found."""
    plan, apply = read_switch(given, "PLAN"), read_switch(given, "APPLY")
    if plan == apply:
        raise OpsError("Either PLAN=1 shows what would be done, or APPLY=1 does it.")
    for customer in [given[name] for name in ("CUSTOMER", "RELEASE") if name in given]:
        stack.require_account(customer)
    accounts = []
    with showing_progress(console, "accounts compared") as count:
        for account in _compare(given, stack, "plan" if plan else "heal"):
            accounts.append(account)
            count(len(accounts))
    if not accounts:
        console.print("No account is connected.")
        return 0
    left = sum(_show(account, console, plan=plan) for account in accounts)
    if plan and left:
        console.print("Nothing was done: APPLY=1 does it.")
    return 0 if left == 0 else 1


def _compare(given: Mapping[str, str], stack: Stack, asked: str) -> Iterator[dict[str, Any]]:
    event = {"compare": asked, "customer": given.get("CUSTOMER"), "release": given.get("RELEASE")}
    after: str | None = ""
    while after is not None:
        answer = stack.invoke(FUNCTION, event | {"after": after})
        yield from answer["accounts"]
        after = answer["after"]


def _show(account: Mapping[str, Any], console: Console, *, plan: bool) -> int:
    """Show one account and return how much is left to be done there."""
    title = f"{account['account']}: {account['listed']} listed, {account['live']} live here"
    console.print(Text(title, style="bold"), soft_wrap=True)
    if account["failed"]:
        console.print(Text(f"  could not be read: {account['failed']}", style="bold red"), soft_wrap=True)
        return 1
    rows = [_row(drift, plan=plan) for drift in account["drifts"]]
    if rows:
        console.print(build_table(HEADINGS, rows))
    if account["total"] > len(rows):
        console.print(f"  and {account['total'] - len(rows)} more")
    if account["held"]:
        held = f"  {account['held']} removals are held: too many to be believed. RELEASE= lets them go."
        console.print(Text(held, style="bold red"), soft_wrap=True)
    ours = sum(drift["finding"] != FOREIGN for drift in account["drifts"]) + account["total"] - len(rows)
    return ours if plan else int(account["held"])


def _row(drift: Mapping[str, Any], *, plan: bool) -> tuple[str | Text, ...]:
    told = (drift["channel"], drift["finding"], drift["believed"] or "–", drift["shown"] or "–")
    return (*told, drift["remoteId"] or "–", drift["classifiedId"] or "–", _step(drift, plan=plan))


def _step(drift: Mapping[str, Any], *, plan: bool) -> Text:
    if drift["finding"] == FOREIGN:
        return Text("–", style="dim")
    if drift["held"]:
        return Text("held", style="bold red")
    if drift["finding"] == UNSEEN:
        return Text("look" if plan else "woken")
    return Text("read anew" if plan else "is read anew")
