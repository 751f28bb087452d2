"""docs/api.html: what the code makes, whole, and in need of nothing else."""

from __future__ import annotations

import json
import re

from api.document import make_document
from api.page import PAGE, TEMPLATE, render_page


def test_the_committed_page_is_what_the_code_makes() -> None:
    assert PAGE.read_text() == render_page(), "run: make openapi"


def test_the_page_holds_the_whole_description() -> None:
    (held,) = re.findall(r'<script type="application/json" id="document">(.*?)</script>', PAGE.read_text(), re.DOTALL)
    assert json.loads(held) == json.loads(json.dumps(make_document()))


def test_the_page_asks_for_nothing() -> None:
    """No address, no asset, and a policy that would let none be fetched."""
    template = TEMPLATE.read_text()
    assert not re.search(r"://|\bsrc=|@import|url\(|fetch\(|<link", template)
    assert "default-src 'none'" in template
    assert len(template.splitlines()) <= 200
