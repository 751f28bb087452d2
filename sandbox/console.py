"""The console of a running sandbox: its address with a fresh token, for one click instead of a sign-in."""

import os
import sys
import webbrowser
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from sandbox.crm import Crm


def sign_in_address(endpoints: Mapping[str, Any]) -> str:
    """The console's address that signs in as the machine client; the page takes the token out of it at once."""
    crm = Crm(endpoints)
    try:
        return f"{endpoints['api_url']}/console#{urlencode({'token': crm.fetch_token()})}"
    finally:
        crm.close()


def open_in_browser(address: str) -> bool:
    """Open a page where a person sits before a screen; whether there is a browser for that."""
    has_screen = sys.platform in {"darwin", "win32"} or {"DISPLAY", "WAYLAND_DISPLAY"} & os.environ.keys()
    if "CI" in os.environ or not has_screen or not sys.stdout.isatty():
        return False
    return webbrowser.open(address)
