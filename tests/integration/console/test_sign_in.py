"""Signing in to the console as a deployment does: OAuth 2.0 authorization code with PKCE at the deployer's provider."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import reload

import pytest
from playwright.sync_api import expect

from functions.console import app
from tests.chromium import ConsolePage
from tests.integration.console.hub import TOKEN, Hub
from tests.integration.console.identity_provider import CLIENT, IdentityProvider, running_provider


@pytest.fixture
def provider(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> Iterator[IdentityProvider]:
    """The provider that the console's function is set to; its authorization endpoint carries a query of its own."""
    hub.publish("ref-1", "Maison")
    with running_provider(f"{hub.url}/console", TOKEN) as provider:
        with monkeypatch.context() as patch:
            patch.setenv("CONSOLE_AUTHORIZE_URL", f"{provider.url}/authorize?audience=placard")
            patch.setenv("CONSOLE_TOKEN_URL", f"{provider.url}/token")
            patch.setenv("CONSOLE_CLIENT_ID", CLIENT)
            reload(app)  # reads its environment once, as it starts
        yield provider
    reload(app)


def sign_in(console: ConsolePage, hub: Hub) -> None:
    console.page.goto(f"{hub.url}/console")
    console.page.get_by_role("button", name="Sign in with your account").click()


def test_a_person_signs_in_with_their_account(hub: Hub, console: ConsolePage, provider: IdentityProvider) -> None:
    sign_in(console, hub)
    expect(console.row("ref-1")).to_be_visible()
    assert console.page.url == f"{hub.url}/console"
    (asked,) = provider.asked
    assert (asked["audience"], asked["scope"]) == ("placard", "openid placard/read placard/write")
    assert list(console.page.evaluate("({...sessionStorage})")) == ["placard.token"]
    # Nothing is left of the code in the address: reading the page again does not hand it in twice.
    console.page.reload()
    expect(console.row("ref-1")).to_be_visible()
    assert len(provider.asked) == 1


def test_a_refusal_is_said(hub: Hub, console: ConsolePage, provider: IdentityProvider) -> None:
    provider.refuses = True
    sign_in(console, hub)
    expect(console.page.get_by_text("Signing in failed: Not you")).to_be_visible()
    assert console.page.url == f"{hub.url}/console"


def test_an_answer_to_somebody_elses_question_is_not_taken(
    hub: Hub, console: ConsolePage, provider: IdentityProvider
) -> None:
    provider.wrong_state = True
    sign_in(console, hub)
    expect(console.page.get_by_text("Signing in failed: state")).to_be_visible()
    assert list(provider.challenges) == ["code-1"], "the code was handed in"


def test_a_code_without_its_proof_is_refused(hub: Hub, console: ConsolePage, provider: IdentityProvider) -> None:
    sign_in(console, hub)
    expect(console.row("ref-1")).to_be_visible()
    console.page.evaluate(
        "sessionStorage.setItem('placard.signing-in', JSON.stringify({verifier: 'x'.repeat(43), state: 's'}))"
    )
    console.page.goto(f"{hub.url}/console?code=code-9&state=s")
    expect(console.page.get_by_text("Signing in failed: invalid_grant")).to_be_visible()
