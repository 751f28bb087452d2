"""Certify a CRM's receiver of callbacks: python -m certify URL [--classified ID] [--estate KEY] [--customer ID] [--limit SECONDS]

    make certify CRM_URL=http://localhost:8000/placard [CLASSIFIED=…] [ESTATE=…] [CUSTOMER=…] [LIMIT=10]

Plays every status word, duplicate, delay and signature that the hub's callbacks may bring against URL, as the hub would call
it: POST URL/classifieds/{classifiedId}/statuses. No hub need run. Use a test system: the entries are made up.

The secret (whsec_…, from PUT and GET /webhooks, or one made up for the test) is read from CRM_SECRET or asked for;
CRM_FORMER_SECRET may hold one that your receiver knew before a rotation and must refuse by now. A receiver that takes no
callbacks of listings it does not know needs one it knows: CLASSIFIED= its classifiedId, ESTATE= its offererEstateId,
CUSTOMER= its customerId. LIMIT= is the time for an answer, ten seconds as the hub's.

Ends with 0 if all passed, 1 if something failed, 2 if nothing was played; the report is .certify/report.json.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import secrets
import sys
import time
from collections import Counter
from collections.abc import Sequence
from getpass import getpass
from pathlib import Path
from uuid import UUID, uuid4

from rich.console import Console
from rich.text import Text
from standardwebhooks.webhooks import EmptyWebhookSecretError, Webhook

from certify.caller import Caller
from certify.cases import CASES, Player, Secrets
from certify.entries import Listing, Timeline
from certify.verdict import Result, Row, judge_address, play_all
from ops.screen import build_table, open_console
from placard.callbacks.addresses import check_url
from placard.callbacks.sender import LIMIT_SECONDS
from placard.domain.instants import to_text
from placard.domain.refusals import CallbackRefusedError

REPORT = Path(".certify") / "report.json"
PREFIX = "whsec_"
NOT_PLAYED = 2
MARKS = {
    Result.PASS: ("✓ pass", "green"),
    Result.FAIL: ("✗ fail", "bold red"),
    Result.WARN: ("! warn", "yellow"),
    Result.NOT_PLAYED: ("– not played", "dim"),
}


class UsageError(Exception):
    """What was asked for cannot be done; the message says why and what to do."""


def main(words: list[str]) -> int:
    """Play all cases and return the exit code."""
    if not words:
        print(__doc__, end="", file=sys.stderr)
        return NOT_PLAYED
    asked = read_arguments(words)
    try:
        url = check_url(asked.url, allow_loopback=True)
        player = Player(
            url,
            read_secrets(),
            Caller(asked.limit),
            Timeline(Listing(asked.classified, asked.estate, asked.customer), read_clock()),
            read_clock,
        )
    except CallbackRefusedError as error:
        print(f"The URL {error.reason}.", file=sys.stderr)
        return NOT_PLAYED
    except UsageError as error:
        print(error, file=sys.stderr)
        return NOT_PLAYED
    console = open_console()
    rows = [judge_address(url)]
    with console.status("playing callbacks") as status:
        for row in play_all(CASES, player):
            rows.append(row)
            status.update(f"{row.group}: {row.name}")
    show(console, rows)
    write_report(url, asked.limit, rows)
    return 1 if any(row.result in (Result.FAIL, Result.NOT_PLAYED) for row in rows) else 0


def read_arguments(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m certify", usage=(__doc__ or "").partition("\n")[0].partition(": ")[2]
    )
    parser.add_argument("url")
    parser.add_argument("--classified", type=read_uuid, default=str(uuid4()))
    parser.add_argument("--estate", default="certify-1")
    parser.add_argument("--customer", default="certify")
    parser.add_argument("--limit", type=read_limit, default=LIMIT_SECONDS)
    return parser.parse_args(words)


def read_uuid(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        raise argparse.ArgumentTypeError("a classifiedId, which is a UUID") from None


def read_limit(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds <= 60:
        raise argparse.ArgumentTypeError("seconds, above 0 and up to 60")
    return seconds


def read_clock() -> int:
    """Now, in milliseconds: the receiver has a clock of its own, and judges ours by it."""
    return time.time_ns() // 1_000_000


def read_secrets() -> Secrets:
    """The receiver's secret from the environment, or from whoever sits at the terminal; never from the command line."""
    current = os.environ.get("CRM_SECRET") or ask_for_secret()
    former = os.environ.get("CRM_FORMER_SECRET") or make_secret()
    for name, secret in (("CRM_SECRET", current), ("CRM_FORMER_SECRET", former)):
        try:
            Webhook(secret)
        except (ValueError, EmptyWebhookSecretError):
            raise UsageError(f"{name} must be {PREFIX} and base64 after it, as PUT /webhooks gave it.") from None
        if not secret.startswith(PREFIX):
            raise UsageError(f"{name} must begin with {PREFIX}, as PUT /webhooks gave it.")
    if current == former:
        raise UsageError("CRM_FORMER_SECRET must be another than CRM_SECRET.")
    return Secrets(current, former, foreign=make_secret())


def ask_for_secret() -> str:
    if not sys.stdin.isatty():
        raise UsageError("Set CRM_SECRET to the secret that your receiver verifies callbacks with.")
    return getpass("Secret of the subscription (whsec_…, not shown): ").strip()


def make_secret() -> str:
    """A secret of the form the hub makes."""
    return PREFIX + base64.b64encode(secrets.token_bytes(24)).decode()


def show(console: Console, rows: Sequence[Row]) -> None:
    """The table, a line of what to do for each row that asks for it, and the sum."""
    lines: list[tuple[Text, ...]] = []
    group = ""
    for row in rows:
        mark, style = MARKS[row.result]
        shown = "" if row.group == group else row.group
        met = f"{sum(one.met for one in row.tries)} of {len(row.tries)}" if row.tries else ""
        lines.append((Text(mark, style), Text(shown, "bold"), Text(row.name), Text(met, "dim")))
        group = row.group
    console.print(build_table(("result", "", "case", "as expected"), lines))
    for row in rows:
        if row.todo:
            mark, style = MARKS[row.result]
            console.print()
            console.print(Text(f"{mark[0]} {row.name}: {row.said}", style), soft_wrap=True)
            console.print(Text(f"  → {row.todo}"), soft_wrap=True)
    counts = Counter(row.result for row in rows)
    parts = [f"{counts[result]} {result.value}" for result in Result if counts[result]]
    good = not counts[Result.FAIL] and not counts[Result.NOT_PLAYED]
    console.print(Text(f"\n{', '.join(parts)}. Everything is in {REPORT}.", "bold green" if good else "bold red"))
    console.print(
        Text("Any address is called here. The hub itself calls only https, and only public addresses.", "dim"),
        soft_wrap=True,
    )


def write_report(url: str, limit: float, rows: Sequence[Row]) -> None:
    """Keep everything that came, without a secret."""
    counts = Counter(row.result for row in rows)
    report = {
        "url": url,
        "at": to_text(read_clock()),
        "limit_seconds": limit,
        **{result.name.lower(): counts[result] for result in Result},
        "rows": [row.to_json() for row in rows],
    }
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit("Interrupted.")
