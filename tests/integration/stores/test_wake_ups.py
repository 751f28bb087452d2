"""What every queue promises: all wake-ups arrive, each at its provider's queue."""

from __future__ import annotations

from placard.ports import WakeUp
from tests.integration.stores.conftest import Queues


def test_wake_ups_arrive_in_any_number(queues: Queues) -> None:
    sent = [WakeUp("olx", f"classified-{number}", "storia", "agency 7, Łódź") for number in range(23)]
    sent.append(WakeUp("aviv", "classified-0", "aviv", "agency-7"))
    queues.wake_ups.send(sent)
    by_id = sorted(queues.received(), key=lambda wake_up: (wake_up.channel, wake_up.classified_id))
    assert by_id == sorted(sent, key=lambda wake_up: (wake_up.channel, wake_up.classified_id))


def test_nothing_to_send_is_no_error(queues: Queues) -> None:
    queues.wake_ups.send(())
    queues.wake_ups.retry_messages(())
    assert queues.received() == []


def test_messages_to_fold_again_arrive_by_key(queues: Queues) -> None:
    keys = [("olx", f"remote#{number}", "digest") for number in range(11)]
    queues.wake_ups.retry_messages(iter(keys))
    assert sorted(queues.retried()) == sorted(keys)


def test_what_waits_for_a_provider_is_counted(queues: Queues) -> None:
    assert queues.wake_ups.count_waiting("olx") == 0
    queues.wake_ups.send([WakeUp("olx", f"classified-{number}", "storia", "agency-7") for number in range(12)])
    queues.wake_ups.send([WakeUp("aviv", "classified-0", "aviv", "agency-7")])
    assert (queues.wake_ups.count_waiting("olx"), queues.wake_ups.count_waiting("aviv")) == (12, 1)
