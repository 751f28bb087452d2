"""Lines of the layer come out structured, with the function's own."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from placard.aws.settings import SettingMissingError, Settings
from tests.integration.stores.test_imports import LAYER


def test_lines_of_the_layer_are_json_with_the_service(capfd: object) -> None:
    code = (
        "import logging\n"
        "from placard.aws.observability import start_logging\n"
        "start_logging().info('own')\n"
        "start_logging()\n"
        "logging.getLogger('placard.portals.olx').warning('layer', extra={'evidence': 'key'})\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(LAYER), "POWERTOOLS_SERVICE_NAME": "receive_olx"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    own, layer = (json.loads(line) for line in done.stdout.splitlines())
    assert (own["message"], own["service"]) == ("own", "receive_olx")
    assert (layer["message"], layer["level"], layer["evidence"]) == ("layer", "WARNING", "key")
    assert (layer["service"], layer["name"]) == ("receive_olx", "placard.portals.olx")


def test_a_foreign_exception_is_told_by_its_place_and_ours_in_its_words() -> None:
    code = (
        "from placard.aws.observability import start_logging\n"
        "from placard.domain.errors import StoreUnavailableError\n"
        "try:\n"
        "    try:\n"
        "        {}['+351 912 000 111']\n"
        "    except KeyError as error:\n"
        "        raise StoreUnavailableError('the table does not answer') from error\n"
        "except StoreUnavailableError:\n"
        "    start_logging().exception('it broke', extra={'customer': 'acme'})\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(LAYER), "POWERTOOLS_SERVICE_NAME": "receive_olx"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    line = json.loads(done.stdout)
    assert (line["service"], line["customer"], line["exception_name"]) == (
        "receive_olx",
        "acme",
        "StoreUnavailableError",
    )
    assert "KeyError at <string>:5" in line["exception"]
    assert line["exception"].endswith("StoreUnavailableError: the table does not answer")
    assert "912" not in done.stdout


def test_settings_are_typed_and_a_missing_one_is_named() -> None:
    settings = Settings(
        {"TABLE_NAME": "t", "TIME_SCALE": "60", "TRUSTED_CLIENTS": " a, b,", "STATUS_RETENTION_DAYS": "400"}
    )
    assert (settings.table_name, settings.status_retention_days) == ("t", 400)
    assert settings.time_scale == 1 / 60
    assert Settings({"TIME_SCALE": "0.25"}).time_scale == 0.25
    assert Settings({"LEASE_SECONDS": "120"}).lease == 120_000
    assert settings.trusted_clients == {"a", "b"}
    assert Settings({"TRUSTED_CLIENTS": ""}).trusted_clients == frozenset()
    for read in (
        lambda: settings.vault_key_id,
        lambda: Settings({}).trusted_clients,
        lambda: Settings({"STAGE": ""}).stage,
    ):
        try:
            read()
        except SettingMissingError as error:
            assert "is not set" in str(error)
        else:
            raise AssertionError("a missing variable went unnoticed")
