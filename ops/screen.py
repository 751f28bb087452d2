"""Tables and progress: colour on a terminal, plain columns in a pipe."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.table import Table
from rich.text import Text

# Whoever waits longer than this wants to see that something happens.
QUIET_SECONDS = 2.0
PIPED_WIDTH = 240

Cell = str | Text


def open_console() -> Console:
    """The terminal, or a pipe without colour and wide enough for a line to stay one."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=PIPED_WIDTH)


def build_table(headings: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Table:
    """A table whose last column alone is broken into lines."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for number, heading in enumerate(headings, 1):
        table.add_column(heading, no_wrap=number < len(headings), overflow="fold")
    for row in rows:
        table.add_row(*(cell if isinstance(cell, Text) else Text(cell) for cell in row))
    return table


@contextmanager
def showing_progress(console: Console, doing: str) -> Iterator[Callable[[int], None]]:
    """Yield what takes a count; from two seconds on the count is shown."""
    began = time.monotonic()
    status = console.status(doing)
    shown = began

    def count(number: int) -> None:
        nonlocal shown
        now = time.monotonic()
        if now - began < QUIET_SECONDS:
            return
        if console.is_terminal:
            status.start()
            status.update(f"{doing}: {number}")
        elif now - shown >= QUIET_SECONDS:
            shown = now
            console.print(f"{doing}: {number}", soft_wrap=True, markup=False)

    try:
        yield count
    finally:
        status.stop()
