"""make redrive [QUEUE=] [PROVIDER=] [CUSTOMER=] [CODE=] [SINCE=<time>] [UNTIL=<time>] [APPLY=1 REASON=<why>] [STACK=<name>]

Shows the messages that nobody could handle, and with APPLY=1 sends them back to the queue they came from. One of the
choices must be given; QUEUE=all means every dead-letter queue. CODE is a problem of the publication that the message is
about, or what is noted on the message; the times are those of its first sending.
REASON is kept in the stack's log and as an entry in the timeline of each publication, which callbacks leave out.
Exit code: 0 done or nothing there, 2 the question cannot be answered.
"""

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.text import Text

from ops.errors import OpsError
from ops.given import read_instant, read_switch
from ops.screen import build_table, showing_progress
from ops.stack import LOG_STREAM, Stack
from placard import bootstrap
from placard.domain.instants import to_text
from placard.use_cases.redrive import Found, Redrive, Wanted

NAMES = ("QUEUE", "PROVIDER", "CUSTOMER", "CODE", "SINCE", "UNTIL", "APPLY", "REASON")
ALL = "all"


def run(given: Mapping[str, str], stack: Stack, console: Console) -> int:
    """Show what is meant, or send it back."""
    letters, apply, reason = stack.dead_letters, read_switch(given, "APPLY"), given.get("REASON")
    wanted = Wanted(
        _choose_queue(given.get("QUEUE"), letters.queues()),
        given.get("PROVIDER"),
        given.get("CUSTOMER"),
        given.get("CODE"),
        read_instant(given, "SINCE"),
        read_instant(given, "UNTIL"),
    )
    if wanted == Wanted() and "QUEUE" not in given:
        raise OpsError("Say which messages are meant, or QUEUE=all.")
    if apply and reason is None:
        raise OpsError("APPLY=1 needs REASON=: why the messages will be handled this time.")
    redrive = Redrive(letters, bootstrap.publication_store(), bootstrap.clock())
    if not apply or reason is None:
        with showing_progress(console, "messages read") as count:
            found = redrive.find(wanted, count)
        _show(found, console)
        if found:
            console.print("Nothing was moved: APPLY=1 REASON=… sends them back.", soft_wrap=True, markup=False)
        return 0
    with showing_progress(console, "messages sent back") as count:
        sent = redrive.redrive(wanted, reason, count)
    if not sent:  # not that there are none: a stream batch's record lies there and stays
        console.print("There are no such messages that came from a queue: nothing was sent back.", soft_wrap=True)
    else:
        _show(sent, console)
        _record(stack, sent, given, reason)
        where = f"The reason stands in the log stream {LOG_STREAM!r} and in the timelines of the publications."
        console.print(f"{len(sent)} messages sent back. {where}", soft_wrap=True, markup=False)
    return 0


def _choose_queue(asked: str | None, known: Sequence[str]) -> str | None:
    if asked in (None, ALL):
        return None
    if asked not in known:
        raise OpsError(f"QUEUE is one of {', '.join(known)}, or {ALL}; not {asked!r}.")
    return asked


def _record(stack: Stack, sent: Sequence[Found], given: Mapping[str, str], reason: str) -> None:
    chosen = {name.lower(): value for name, value in given.items() if name not in ("APPLY", "REASON", "ENDPOINTS")}
    by_queue: dict[str, int] = {}
    for one in sent:
        by_queue[one.letter.queue] = by_queue.get(one.letter.queue, 0) + 1
    stack.log("messages sent back", reason=reason, queues=by_queue, chosen=chosen)


def _show(found: Sequence[Found], console: Console) -> None:
    if not found:
        console.print("There are no such messages.")
        return
    headings = ("first sent", "queue", "tries", "provider", "customer", "codes", "about")
    console.print(build_table(headings, (_row(one) for one in found)))
    stay = sum(not one.returns for one in found)
    if stay:
        console.print(
            Text(
                f"{stay} of them are Lambda's records of stream batches and came from no queue: they stay, and what they "
                "were about is found by its due time.",
                style="yellow",
            ),
            soft_wrap=True,
        )


def _row(one: Found) -> tuple[str, ...]:
    about = f"{one.classified_id} {one.channel}" if one.classified_id else one.letter.body[:100]
    codes = " ".join(one.codes) or "–"
    return (
        to_text(one.letter.sent_at),
        one.letter.queue,
        str(one.letter.received),
        one.provider or "–",
        one.customer or "–",
        codes,
        about,
    )
