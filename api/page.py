"""The API as a page that a browser opens as it lies there: `docs/api.html`, written with openapi.yaml by `make openapi`."""

from __future__ import annotations

import json
from pathlib import Path

from api.document import make_document

PAGE = Path(__file__).parents[1] / "docs/api.html"
TEMPLATE = Path(__file__).with_name("page.html")
PLACE = "/*DOCUMENT*/"


def render_page() -> str:
    """Return the page with the whole description in it."""
    # A script's text ends at the first `</`, wherever that stands.
    text = json.dumps(make_document(), ensure_ascii=False, indent=1).replace("</", "<\\/")
    return TEMPLATE.read_text().replace(PLACE, text)


if __name__ == "__main__":
    PAGE.write_text(render_page())
