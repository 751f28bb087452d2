"""Samples for campaigns and benchmarks: each is a listing of its own, however many there are."""

from sandbox.samples import PORTUGUESE_FLAT, load_sample

MANY = 20_000


def test_keys_are_never_used_twice() -> None:
    sources = (load_sample(PORTUGUESE_FLAT)["data"]["metaData"]["source"] for _ in range(MANY))

    assert len({source["offererEstateId"] for source in sources}) == MANY
