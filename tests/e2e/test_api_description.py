"""Schemathesis holds the running hub against openapi.yaml: thousands of requests made from the description alone."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from sandbox.crm import Crm
from sandbox.processes import ROOT

# Its own agency, with no account at any portal: whatever is published ends at once and disturbs no other test.
CONFIG = """
base-url = "${HUB_URL}"
headers = { Authorization = "Bearer ${HUB_TOKEN}", Customer-Id = "agency-of-schemathesis" }
# One at a time: hypothesis reads the sources of lambdas, which two threads cannot do at once.
workers = 1
# A cold start on a busy machine is no breach of the description.
request-timeout = 60
color = false
warnings = false
continue-on-failure = true

[checks]
# A schema cannot say which cursors exist, which key is taken, which portals the stored classified lists.
positive_data_acceptance.enabled = false
# API Gateway answers 404 to a method that has no route.
unsupported_method.enabled = false

[phases.coverage]
unexpected-methods = []

[generation]
deterministic = true
max-examples = 5

[[operations]]
# A classified's many members are covered once, by the call that stores nothing.
include-operation-id = ["postClassified", "putClassified", "publishBatch"]
phases.coverage.enabled = false
"""


def test_the_hub_does_what_its_description_says(hub: dict[str, Any], crm: Crm, tmp_path: Path) -> None:
    """No 5xx, no status, header, media type or body that is not described, no wrong request that is taken."""
    config = tmp_path / "schemathesis.toml"
    config.write_text(CONFIG)
    document = tmp_path / "openapi.json"
    document.write_text(json.dumps(yaml.safe_load((ROOT / "openapi.yaml").read_text())))
    done = subprocess.run(
        [Path(sys.executable).with_name("schemathesis"), "--config-file", config, "run", document],
        env={**os.environ, "HUB_URL": hub["api_url"], "HUB_TOKEN": crm.fetch_token()},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
