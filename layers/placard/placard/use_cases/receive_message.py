"""Store a portal's callback before anybody judges it (lifecycle §7, step 4). Serves every `receive_*` function."""

from __future__ import annotations

from typing import TYPE_CHECKING

from placard.domain.instants import MINUTE

if TYPE_CHECKING:
    from placard.domain.messages import Callback
    from placard.ports import Clock, MessageStore, Receiver

# When a message nobody folded is looked at again: the stream may have lost it.
FIRST_LOOK = MINUTE


def receive_message(callback: Callback, receiver: Receiver, store: MessageStore, clock: Clock) -> bool:
    """Check the proof and store the message in one conditional write; False when it was there already.

    Raises WebhookRejectedError, MalformedMessageError and StoreUnavailableError.
    """
    now = clock.now()
    message = receiver.verify(callback, now)
    return store.put_message(message, now + FIRST_LOOK if message.parks else None)
