"""The wait that an HTTP answer asks for."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from placard.domain.instants import DAY, HOUR, MINUTE, SECOND, from_text
from placard.domain.retry_after import read_wait

NOW = from_text("2026-11-22T03:00:00Z")


@pytest.mark.parametrize(
    ("text", "wait"),
    [
        (None, None),
        ("", None),
        ("0", 0),
        ("120", 2 * MINUTE),
        (" 7 ", 7 * SECOND),
        ("86400", DAY),
        ("86401", DAY),
        ("9" * 40, DAY),
        ("Sun, 22 Nov 2026 04:00:00 GMT", HOUR),
        ("Sunday, 22-Nov-26 04:00:00 GMT", HOUR),
        ("Sun Nov 22 04:00:00 2026", HOUR),
        ("Sun, 22 Nov 2026 05:00:00 +0100", HOUR),
        ("Sun, 22 Nov 2026 02:00:00 GMT", 0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", DAY),
        ("-1", None),
        ("1.5", None),
        ("1e3", None),
        ("٣", None),
        ("soon", None),
        ("120, 240", None),
        ("Sun, 99 Nov 2026 04:00:00 GMT", None),
        ("Sun, 22 Nov 99999 04:00:00 GMT", None),
        ("Sun, 22 Nov 2026 04:00:00 +999999999999", None),
    ],
)
def test_what_it_asks_for(text: str | None, wait: int | None) -> None:
    assert read_wait(text, NOW) == wait


@given(
    st.text(max_size=40) | st.from_regex(r"[A-Z][a-z]{2}, [0-9]{1,5} (Nov|Feb) [0-9]{1,6} [0-9:]{1,9} [-+A-Z0-9]{1,7}")
)
@example("1 Jan 1 00:00:00 +2359")
def test_no_text_is_too_strange_to_be_read_or_left(text: str) -> None:
    wait = read_wait(text, NOW)
    assert wait is None or 0 <= wait <= DAY
