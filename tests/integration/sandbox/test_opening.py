"""`make up` opens the console where a person sits before a screen, and nowhere else."""

import sys

import pytest

from sandbox import console


@pytest.mark.parametrize(
    ("screen", "terminal", "ci", "opened"),
    [
        (True, True, False, ["http://x"]),
        (False, True, False, []),
        (True, False, False, []),
        (True, True, True, []),
    ],
)
def test_a_page_is_opened_before_a_person(
    monkeypatch: pytest.MonkeyPatch, *, screen: bool, terminal: bool, ci: bool, opened: list[str]
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(console.webbrowser, "open", lambda address: asked.append(address) or True)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal)
    for name, there in {"DISPLAY": screen, "WAYLAND_DISPLAY": False, "CI": ci}.items():
        monkeypatch.delenv(name, raising=False)
        if there:
            monkeypatch.setenv(name, "1")
    assert console.open_in_browser("http://x") is bool(opened)
    assert asked == opened
