"""What a person gives a tool: NAME=value, as for make."""

from collections.abc import Mapping, Sequence

from ops.errors import OpsError
from placard.domain.instants import from_text

ALWAYS = ("STACK", "ENDPOINTS")


def read_given(words: Sequence[str], names: Sequence[str]) -> dict[str, str]:
    """Return the values by name; an empty one counts as not given. OpsError for what the tool does not know."""
    given: dict[str, str] = {}
    for word in words:
        name, found, value = word.partition("=")
        if not found or name not in (*names, *ALWAYS):
            raise OpsError(f"{word!r} is not one of {', '.join(f'{one}=' for one in (*names, *ALWAYS))}.")
        if value:
            given[name] = value
    return given


def read_instant(given: Mapping[str, str], name: str) -> int | None:
    """Return a time given as ISO 8601, UTC unless it says otherwise, in milliseconds; None where there is none."""
    value = given.get(name)
    if value is None:
        return None
    try:
        return from_text(value)
    except ValueError as error:
        raise OpsError(f"{name} must be a time such as 2026-11-22T09:30:00Z, not {value!r}.") from error


def read_switch(given: Mapping[str, str], name: str) -> bool:
    """Return whether NAME=1 was given."""
    value = given.get(name, "0")
    if value not in ("0", "1"):
        raise OpsError(f"{name} is 1 or it is left out, not {value!r}.")
    return value == "1"
