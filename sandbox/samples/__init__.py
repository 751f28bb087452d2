"""Real input: classifieds as a CRM sends them."""

import json
import secrets
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
FRENCH_FLAT, PORTUGUESE_FLAT, SPANISH_FLAT = "lyon_sale", "braga_sale", "madrid_rental"


def load_sample(name: str, **changes: Any) -> dict[str, Any]:
    """A sample under a key nobody has used before; `changes` replace members at the top, such as `portals`."""
    classified: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text())
    source = classified["data"]["metaData"]["source"]
    source["offererEstateId"] += f"-{secrets.token_hex(6)}"
    return classified | changes


def set_price(classified: dict[str, Any], amount: int) -> dict[str, Any]:
    """The same classified for sale at another price."""
    data = classified["data"]
    buy = {**data["prices"]["buy"], "price": {**data["prices"]["buy"]["price"], "amount": amount}}
    return {**classified, "data": {**data, "prices": {**data["prices"], "buy": buy}}}
