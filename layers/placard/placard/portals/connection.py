"""What an operator is asked for to connect a portal (`make connect`): each folder fills one of these."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Field:
    """One member of a secret: its name, the question that asks for it, and whether the answer is shown, or may be empty."""

    name: str
    question: str
    secret: bool = False
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Connection:
    """What is asked for, in this order.

    `app`: the hub's own credentials, none where it has none there. `proof`: the member of them that callbacks are proven by,
    whose former value stays valid as `previous_<proof>`; where it is not asked for, the hub makes it. `account`: an agency's,
    none where it consents on the portal's own page. `one_account`: a customer has only one there.
    """

    app: tuple[Field, ...] = ()
    proof: str | None = None
    account: tuple[Field, ...] = ()
    one_account: bool = False
