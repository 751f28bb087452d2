"""Questions to the person at the terminal, or lines of a pipe. What is secret is never echoed, nor taken as a value."""

import sys
from getpass import getpass

from ops.errors import OpsError


def ask(question: str, *, secret: bool = False, kept: str | None = None) -> str:
    """Return one line; an empty one keeps what is stored (`kept`). OpsError where there is neither."""
    hint = "" if kept is None else " (Enter keeps what is stored)"
    answer = _read(f"{question}{hint}: ", secret=secret).strip()
    if answer or kept is not None:
        return answer or str(kept)
    raise OpsError(f"{question}: an answer is needed.")


def _read(prompt: str, *, secret: bool) -> str:
    if sys.stdin.isatty():
        try:
            return getpass(prompt) if secret else input(prompt)
        except EOFError:
            return ""
    return sys.stdin.readline()
