"""The console's function: what it serves, under which policy, and that the page holds together."""

from __future__ import annotations

import json
import re
from importlib import reload
from pathlib import Path
from typing import Any

import pytest

from functions.console import app
from placard.domain.channels import PORTALS
from placard.domain.events import AdvertState, Source
from placard.domain.health import Health
from placard.domain.lifecycle import Outcome, Word
from placard.domain.problems import CATALOGUE, LANGUAGES
from tests.unit.api.crm import read_event

FOLDER = Path(app.__file__).parent
SCRIPTS = sorted(FOLDER.glob("*.js"))
PAGE = (FOLDER / "index.html").read_text()


def get(asset: str | None = None, **headers: str) -> dict[str, Any]:
    """Ask for the page, or for one of its parts."""
    event = read_event("console/page.json" if asset is None else "console/asset.json")
    if asset is not None:
        event["pathParameters"] = {"asset": asset}
    event["headers"] |= {name.replace("_", "-"): value for name, value in headers.items()}
    return app.handler(event, None)


def read_policy(answer: dict[str, Any]) -> dict[str, str]:
    parts = (part.strip().partition(" ") for part in answer["headers"]["content-security-policy"].split(";"))
    return {name: value for name, _, value in parts}


def read_texts() -> dict[str, list[str]]:
    """The page's table of texts, which is JSON."""
    source = (FOLDER / "texts.js").read_text()
    begin = source.index("{", source.index("const TEXTS"))
    texts: dict[str, list[str]] = json.loads(source[begin : source.index("};", begin) + 1])
    return texts


TEXTS = read_texts()


def test_the_page_is_html() -> None:
    answer = get()
    assert (answer["statusCode"], answer["headers"]["content-type"]) == (200, "text/html; charset=utf-8")
    assert answer["body"] == PAGE


@pytest.mark.parametrize("name", sorted(app.TYPES))
def test_each_part_is_served_with_its_type_and_tag(name: str) -> None:
    answer = get(name)
    assert (answer["statusCode"], answer["headers"]["content-type"]) == (200, app.TYPES[name])
    assert re.fullmatch(r'"[0-9a-f]{32}"', answer["headers"]["etag"])
    assert answer["headers"]["cache-control"] == "no-cache"


def test_everything_in_the_folder_is_served_but_the_code() -> None:
    files = {path.name for path in FOLDER.iterdir() if path.is_file()}
    assert files - {"app.py"} == app.TYPES.keys() - {app.SETTINGS}


@pytest.mark.parametrize("name", ["app.py", "../app.py", "", "nothing.js", "__pycache__", "index.html/..", "%2e%2e"])
def test_nothing_else_is(name: str) -> None:
    answer = get(name)
    assert (answer["statusCode"], answer["body"]) == (404, "Not found")
    assert "content-security-policy" in answer["headers"]


@pytest.mark.parametrize("sent", ["{tag}", "W/{tag}", '"old", {tag}', "*", ' "old" , W/{tag} '])
def test_a_browser_that_has_it_is_sent_nothing(sent: str) -> None:
    tag = get("main.js")["headers"]["etag"]
    answer = get("main.js", if_none_match=sent.format(tag=tag))
    assert (answer["statusCode"], answer["headers"]["etag"]) == (304, tag)
    assert "body" not in answer


@pytest.mark.parametrize("sent", ['"old"', "", "main.js", "**"])
def test_a_browser_that_has_another_is_sent_it_whole(sent: str) -> None:
    assert get("main.js", if_none_match=sent)["statusCode"] == 200


def test_tags_differ_as_their_contents_do() -> None:
    assert len({get(name)["headers"]["etag"] for name in app.TYPES}) == len(app.TYPES)


@pytest.mark.parametrize("asset", [None, "main.js", "settings.json", "nothing"])
def test_every_answer_forbids_what_the_page_does_not_need(asset: str | None) -> None:
    answer = get(asset)
    policy = read_policy(answer)
    assert policy["default-src"] == policy["base-uri"] == policy["form-action"] == policy["frame-ancestors"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert (policy["require-trusted-types-for"], policy["trusted-types"]) == ("'script'", "'none'")
    assert answer["headers"]["x-content-type-options"] == "nosniff"
    assert answer["headers"]["referrer-policy"] == "no-referrer"


def test_signing_in_is_what_the_deployer_set_and_its_token_endpoint_may_be_called(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert json.loads(get("settings.json")["body"]) == {"authorizeUrl": "", "tokenUrl": "", "clientId": ""}
    named = {
        "CONSOLE_AUTHORIZE_URL": "https://login.example/authorize?audience=placard",
        "CONSOLE_TOKEN_URL": "https://tokens.example:8443/oauth/token",
        "CONSOLE_CLIENT_ID": "console",
    }
    with monkeypatch.context() as patch:
        for name, value in named.items():
            patch.setenv(name, value)
        reload(app)
        assert list(json.loads(get("settings.json")["body"]).values()) == list(named.values())
        assert read_policy(get())["connect-src"] == "'self' https://tokens.example:8443"
    reload(app)


def test_the_page_names_only_what_is_served_and_nothing_elsewhere() -> None:
    named = re.findall(r'(?:src|href)="([^"#][^"]*)"', PAGE)
    assert named
    assert {name.removeprefix("console/") for name in named} <= app.TYPES.keys()
    for script in SCRIPTS:
        imported = re.findall(r'from "([^"]+)"', script.read_text())
        assert {name.removeprefix("./") for name in imported} <= app.TYPES.keys(), script.name
    for path in [*SCRIPTS, FOLDER / "index.html", FOLDER / "console.css"]:
        urls = set(
            re.findall(r"(?:https?:)?//[\w.]+\.\w+[^\s\"']*", re.sub(r"^\s*//.*$", "", path.read_text(), flags=re.M))
        )
        assert urls <= {"http://www.w3.org/2000/svg"}, path.name


def test_the_page_has_neither_inline_code_nor_inline_style() -> None:
    assert not re.search(r"\son\w+=|\sstyle=|<style|<script(?![^>]*src=)", PAGE)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_no_script_makes_markup_of_text(script: Path) -> None:
    forbidden = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|srcdoc|DOMParser"
    assert not re.search(forbidden, script.read_text())


def test_every_text_is_there_in_every_language() -> None:
    assert f"LANGUAGES = {json.dumps(list(LANGUAGES))}" in (FOLDER / "texts.js").read_text()
    assert {name: len(texts) for name, texts in TEXTS.items()} == dict.fromkeys(TEXTS, len(LANGUAGES))
    for name, texts in TEXTS.items():
        assert all(texts), name
        places = {frozenset(re.findall(r"\{(\w+)\}", text)) for text in texts}
        assert len(places) == 1, name


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("health", Health),
        ("status", Word),
        ("state", AdvertState),
        ("source", Source),
        ("outcome", set(Outcome) - {Outcome.APPLIED}),
        ("code", CATALOGUE),
        ("actor", {kind.actor for kind in CATALOGUE.values()}),
        ("portal", PORTALS),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_word_of_the_api_has_its_text_and_no_other_has(kind: str, words: Any) -> None:
    assert {name.partition(".")[2] for name in TEXTS if name.startswith(f"{kind}.")} == {str(word) for word in words}


def test_every_text_that_the_page_asks_for_is_there_and_every_one_is_asked_for() -> None:
    whole = PAGE + "".join(script.read_text() for script in SCRIPTS)
    asked = set(re.findall(r'data-text="([^"]+)"', PAGE)) | set(re.findall(r'\btext\("([^"]+)"', whole))
    assert asked <= TEXTS.keys()
    mentioned = {name for name in TEXTS if f'"{name}"' in whole.replace(f'"{name}": [', "")}
    composed = {"health", "status", "state", "source", "outcome", "code", "actor", "portal", "evidence"}
    verbs = {f"{verb}{more}" for verb in ("retry", "deactivate", "activate") for more in ("", "On")}
    left = {name for name in TEXTS.keys() - mentioned - verbs if name.partition(".")[0] not in composed}
    assert not left
