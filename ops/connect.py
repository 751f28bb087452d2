"""make connect PORTAL=<portal> CUSTOMER=<id> [ACCOUNT=main] [STACK=<name>]      connects an agency's account, then checks it
make connect PORTAL=<provider> APP=1 [ROTATE=1] [STACK=<name>]                  stores the hub's own credentials, then tries
                                                                                them with the first agency there is
make connect CHECK=1 [PORTAL=] [CUSTOMER=] [STACK=<name>]                       one harmless read with each account connected

PORTAL is imovirtual, otodom, storia, olxro, aviv or spotahome; with APP=1 olx or aviv; with CHECK=1 any of them. What it
needs is asked for, or read line by line from a pipe; no secret is ever part of a command. Imovirtual and its sisters print
the page on which the agency consents; the address the browser is sent to afterwards goes back in within a minute. Storing
the hub's own credentials anew keeps the former notification secret (olx) valid beside the new one; ROTATE=1 does the same
with the key of the callback addresses (aviv).
Exit code: 0 every account answers, 1 one does not, 2 it could not be tried.
"""

import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from rich.console import Console
from rich.text import Text

from ops.ask import ask
from ops.errors import OpsError
from ops.given import read_switch
from ops.screen import build_table
from placard import bootstrap
from placard.domain.channels import PROVIDER_OF
from placard.domain.errors import CredentialsError, PortalError, PortalRejectedError, PortalUnavailableError
from placard.domain.instants import SECOND
from placard.domain.problems import CATALOGUE, DEFAULT_LANGUAGE
from placard.portals.connection import Field
from placard.portals.registry import PROVIDERS, calls, load_connection
from placard.use_cases.compare_portals import Account

NAMES = ("PORTAL", "CUSTOMER", "ACCOUNT", "APP", "ROTATE", "CHECK")
FIRST_ACCOUNT = "main"
# A consent's `state` is bound to this one question and forgotten after it.
STATE_SECONDS = 600
MOST_RACES = 5
# What another part of the hub is about to end by itself is waited for, in milliseconds and so many times.
SHORT_WAIT = 2_000
MOST_WAITS = 5

Value = Mapping[str, Any]


def run(given: Mapping[str, str], _stack: object, console: Console) -> int:
    """Connect, or check what is connected."""
    portal, customer = given.get("PORTAL"), given.get("CUSTOMER")
    if read_switch(given, "APP"):
        return _store_app(portal, console, rotate=read_switch(given, "ROTATE"))
    checks = read_switch(given, "CHECK")
    known = dict.fromkeys((*PROVIDER_OF, *(PROVIDERS if checks else ())))
    if portal is not None and portal not in known:
        raise OpsError(f"PORTAL is one of {', '.join(known)}, not {portal!r}.")
    if not checks:
        if portal is None or customer is None:
            raise OpsError("PORTAL= and CUSTOMER= say what is to be connected; CHECK=1 checks what is.")
        _connect(portal, customer, given.get("ACCOUNT", FIRST_ACCOUNT), console)
    found = bootstrap.compare_portals().accounts(customer)
    return _check([one for one in found if portal in (None, one.channel, one.provider)], console)


# --- the hub's own credentials ---------------------------------------------------------------------------------------


def _store_app(provider: str | None, console: Console, *, rotate: bool) -> int:
    asked = {name: connection for name in PROVIDERS if (connection := load_connection(name)).app}
    if provider not in asked:
        raise OpsError(f"The hub has credentials of its own at {' and '.join(asked)}: PORTAL= names one of them.")
    connection = asked[provider]
    stored = bootstrap.credentials().read(f"{provider}/app", fresh=True)
    answers = _ask_for(connection.app, {} if stored is None else stored.value)
    _keep(f"{provider}/app", lambda before: _renew(connection.proof, before, answers, rotate=rotate))
    console.print(f"The hub's credentials at {provider} are stored.")
    agencies = [one for one in bootstrap.compare_portals().accounts() if one.provider == provider]
    if not agencies:
        console.print("The first agency connected will try them.")
        return 0
    return _check(agencies[:1], console)


def _ask_for(fields: tuple[Field, ...], known: Value) -> dict[str, str]:
    """Ask for each member; what may be empty and is, is left out."""
    answers = {
        field.name: ask(field.question, secret=field.secret, kept=known.get(field.name, "" if field.optional else None))
        for field in fields
    }
    return {field.name: answers[field.name] for field in fields if answers[field.name] or not field.optional}


def _renew(proof: str | None, before: Value, answers: Mapping[str, str], *, rotate: bool) -> Value:
    """Return the credentials as they are to be stored, with what proves callbacks still valid in its former form."""
    after: dict[str, Any] = {**_without_note(before), **answers}
    if proof is None:
        return after
    former = before.get(proof)
    if proof not in answers and (rotate or former is None):
        after[proof] = secrets.token_urlsafe(32)
    if former is not None and former != after[proof]:
        after[f"previous_{proof}"] = former
    return after


def _without_note(value: Value) -> Value:
    return {name: member for name, member in value.items() if name != "refused"}


# --- an agency's -----------------------------------------------------------------------------------------------------


def _connect(portal: str, customer: str, account: str, console: Console) -> None:
    if "/" in account + customer:
        raise OpsError("ACCOUNT= and CUSTOMER= are names without a slash.")
    provider = PROVIDER_OF[portal]
    if PROVIDERS[provider].consents is not None:
        _ask_for_consent(portal, customer, account, console)
        return
    connection = load_connection(provider)
    answers = _ask_for(connection.account, {})

    def add(before: Value) -> Value:
        return {account: answers} if connection.one_account else {**before, account: answers}

    _keep(f"{provider}/accounts/{customer}", add)


def _ask_for_consent(portal: str, customer: str, account: str, console: Console) -> None:
    consents, state = bootstrap.consents(PROVIDER_OF[portal]), secrets.token_urlsafe(24)
    asked = time.monotonic()
    try:
        page = consents.address(portal, state)
        console.print("The agency consents on this page; its browser is then sent to the hub's registered address:")
        console.print(Text(page), soft_wrap=True)
        answer = ask("The address it was sent to", secret=True)
        if time.monotonic() - asked > STATE_SECONDS:
            raise OpsError("That took more than ten minutes: begin anew.")
        consents.trade(customer, portal, account, _read_code(answer, state))
    except CredentialsError as error:
        if error.problem.code != "consent_revoked":
            raise OpsError(_explain(error)) from error
        raise OpsError("The code was refused: it is good once, and for a minute. Begin anew.") from error
    except PortalError as error:
        raise OpsError(f"The portal gave no tokens: {error.in_short}") from error


def _read_code(address: str, state: str) -> str:
    """Return the code in the address a browser was sent to; the state proves that it answers this very question."""
    query = parse_qs(urlsplit(address).query)
    said, codes = query.get("state", [""]), query.get("code", [])
    if not secrets.compare_digest(said[0].encode(), state.encode()):
        raise OpsError("The address does not belong to this question: its state is another one.")
    if len(codes) != 1:
        raise OpsError("The address has no code: the agency did not consent.")
    return codes[0]


def _keep(name: str, change: Callable[[Value], Value]) -> None:
    vault = bootstrap.credentials()
    for _ in range(MOST_RACES):
        stored = vault.read(name, fresh=True)
        if vault.write(name, change({} if stored is None else stored.value), 0 if stored is None else stored.version):
            return
    raise OpsError(f"Somebody else keeps changing {name}: try again.")


# --- checks ----------------------------------------------------------------------------------------------------------


def _check(accounts: list[Account], console: Console) -> int:
    """Make one harmless read for each customer at each portal and say how it went."""
    if not accounts:
        raise OpsError("No such account is connected.")
    rows, failed = [], 0
    for account in accounts:
        verdict, well = _try(account)
        failed += not well
        rows.append((account.customer, account.channel, Text(verdict, style="green" if well else "bold red")))
    console.print(build_table(("customer", "portal", "check"), rows))
    return 1 if failed else 0


def _try(account: Account, waits: int = MOST_WAITS) -> tuple[str, bool]:
    try:
        return f"answers; {_count(account)} on the first page of its list", True
    except PortalUnavailableError as error:
        # A function renews the token, or the app's calls of this second are used up: neither says anything of the portal.
        if not waits or error.wait is None or error.wait > SHORT_WAIT:
            return _explain(error), False
        time.sleep(error.wait / SECOND)
        return _try(account, waits - 1)
    except PortalError as error:
        return _explain(error), False


def _count(account: Account) -> int:
    if not calls(account.provider):
        return len(bootstrap.poller(account.provider, pays=False).page(account.customer, 1).rows)
    return len(bootstrap.lister(account.provider).list_adverts(account.customer, account.channel, None).adverts)


def _explain(error: PortalError) -> str:
    return " ".join(_list_words(error))


def _list_words(error: PortalError) -> Iterator[str]:
    if isinstance(error, CredentialsError):
        yield f"{error.problem.code}: {error.problem.detail} {CATALOGUE[error.problem.code].hint(DEFAULT_LANGUAGE)}"
    elif isinstance(error, PortalRejectedError):
        yield from (f"{problem.code}: {problem.detail}" for problem in error.problems)
    else:
        yield f"does not answer: {error.in_short}"
