"""The bill of the usual build: what grows with the listing's channels and with what its portals say."""

from bench.bill import CLASSIFIED, IDEMPOTENCY, count_calls, list_billed, sum_units
from bench.prices import PRICES


def test_a_classified_without_channels_or_messages_is_one_post_and_its_stream() -> None:
    bill = list_billed(0, 3, 0)
    assert count_calls(bill) == 3
    units = sum_units(bill)
    assert (units["API Gateway"], units["DynamoDB writes"]) == (1, IDEMPOTENCY + CLASSIFIED)


def test_each_message_is_stored_queued_and_folded() -> None:
    fewer, more = list_billed(3, 3, 6), list_billed(3, 3, 7)
    assert count_calls(more) - count_calls(fewer) == 6
    assert sum_units(more)["SQS"] - sum_units(fewer)["SQS"] == 3


def test_everything_billed_has_a_price() -> None:
    assert set(sum_units(list_billed(3, 3, 6))) <= set(PRICES)
