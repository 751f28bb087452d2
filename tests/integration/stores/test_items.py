"""What DynamoDB's items promise beyond the stores' suites: exactness for any state of the core, and their size."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from placard.aws.codec import compress, decompress, pack, unpack
from placard.aws.items import publication_item, read_health, read_publication
from placard.domain.channels import PROVIDER_OF
from placard.domain.events import Picture
from placard.domain.health import assess
from placard.domain.publication import Entry, Publication, Standing
from tests.fakes.clock import NOON
from tests.integration.stores.samples import entry, publication, standing

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
entries = st.builds(Entry, normalised=st.lists(st.dictionaries(st.text(), json_values, max_size=2)).map(tuple))
standings = st.builds(Standing, latest=st.none() | entries)
publications = st.builds(
    Publication,
    channel=st.sampled_from(list(PROVIDER_OF)),
    standings=st.lists(standings, max_size=2).map(lambda rows: {row.portal: row for row in rows}),
)


@settings(max_examples=60, deadline=None)
@given(publications)
def test_any_publication_survives_its_item(any_publication: Publication) -> None:
    assert read_publication(publication_item(any_publication)) == any_publication


@settings(max_examples=60, deadline=None)
@given(entries)
def test_any_entry_survives_packing(any_entry: Entry) -> None:
    restored = unpack(Entry, decompress(compress(pack(any_entry))))
    assert restored == any_entry
    assert [type(member) for member in restored.portals] == [str] * len(any_entry.portals)
    assert type(restored.status) is type(any_entry.status)


def test_portal_text_that_is_no_unicode_survives() -> None:
    """Portals escape pictograms by halves now and then; a message must not be poison for that."""
    halved = publication(remote_id="\ud83c", standings={"SL": replace(standing("SL"), latest=entry(message="\ud83c"))})
    assert read_publication(publication_item(halved)) == halved


def test_what_the_index_of_healths_holds_is_what_the_publication_says() -> None:
    item = publication_item(publication())
    row = {name: item[name] for name in ("pk", "sk", "health_shard", "health_rank", "health")}
    health = read_health(row)
    assert health == assess(publication())
    assert row["health_rank"] == health.rank[0]
    assert "health" not in publication_item(publication(standings={}))


def test_members_of_a_newer_release_are_passed_over() -> None:
    item = publication_item(publication())
    state: dict[str, Any] = json.loads(item["state"])
    newer = item | {"state": json.dumps(state | {"invented": 1}), "invented": 2}
    assert read_publication(newer) == publication()


def test_publication_with_five_portals_stays_small() -> None:
    """A write costs by the kilobyte (design §3: under 4 KB), however many pictures the portals speak of."""
    pictures = tuple(
        Picture(f"https://pictures.example/{n}/{hash(n) % 10**9}.jpg", "CREATED", NOON + n) for n in range(30)
    )
    portals = ("SL", "BUCOM", "BD", "SLC", "SLN")
    five = publication(standings={portal: replace(standing(portal), pictures=pictures) for portal in portals})
    assert size_of(publication_item(five)) < 4096
    assert size_of(publication_item(publication(standings={"SL": standing("SL")}))) < 1536


def size_of(item: dict[str, Any]) -> int:
    """Return about what DynamoDB counts: names and values, numbers with at most 21 bytes."""
    return sum(len(name) + (len(value) if isinstance(value, bytes | str) else 21) for name, value in item.items())
