"""A classified of any content is taken or refused with its reasons, and what is taken can be judged for every portal.

`make hunt` looks further.
"""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings

from placard import bootstrap
from placard.domain.channels import PORTALS
from sandbox.samples import FOLDER
from tests.unit.api.crm import Crm
from tests.unit.receivers.test_fuzz import mangled

SAMPLES = [json.loads(path.read_text()) | {"portals": list(PORTALS)} for path in sorted(FOLDER.glob("*.json"))]
ACCOUNTS = {
    "aviv/accounts/agency-0042": {"main": {"intermediary_id": "RC-000123"}},
    "spotahome/accounts/agency-0042": {"main": {"email": "a@b.test", "password": "p", "owner_id": "o"}},
    **{f"olx/accounts/agency-0042/{site}": {"main": {}} for site in ("imovirtual", "otodom", "storia", "olxro")},
}


@given(body=mangled(SAMPLES))
@settings(max_examples=150)
def test_a_mangled_classified_is_taken_or_refused_with_reasons(body: Any) -> None:
    crm = Crm(secrets=ACCOUNTS)
    try:
        posted, judged = crm.post(body), crm.preflight(body)
    finally:
        bootstrap.use()
    assert posted.status in (202, 400, 413)
    assert judged.status in (200, 400, 413)
    if posted.status == 202:
        for verdict in judged.json["portals"].values():
            assert verdict["ready"] or verdict["problems"], "a portal that is not ready says why"
    else:
        assert posted.problem["detail"]
