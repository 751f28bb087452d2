"""The calls of the hub's API. Made by `make client` from openapi.yaml: change that, not this."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from placard_client.models import (
    Ack,
    Assignation,
    Batch,
    BatchVerdicts,
    Changes,
    Classified,
    ClassifiedPage,
    ListingProcessPage,
    ListingProcessStatePage,
    Portal,
    Portals,
    Preflight,
    PublicationPage,
    Replay,
    Secret,
    ShownClassified,
    Status,
    StatusPage,
    Subscription,
    Webhook,
)
from placard_client.runtime import BaseClient, escape


class Client(BaseClient):
    """Every call of the hub, with the token's customer. A refusal is raised as `errors.RefusedError`."""

    def list_classifieds(
        self,
        *,
        offerer_estate_id: str | None = None,
        limit: int | None = None,
        next_token: str | None = None,
        traceparent: str | None = None,
    ) -> ClassifiedPage:
        """List classifieds, the newest change first.

        Deleted classifieds are left out. Needs the scope `placard/read`.
        """
        answer: ClassifiedPage = self.call(
            "GET",
            "/classifieds",
            query={"offererEstateId": offerer_estate_id, "limit": limit, "nextToken": next_token},
            headers={"traceparent": traceparent},
        )
        return answer

    def post_classified(
        self, body: Classified, *, idempotency_key: str | None = None, traceparent: str | None = None
    ) -> Ack:
        """Publish a classified.

        `data.metaData.source.offererEstateId` is the CRM's own key, unique per customer. The current body again, or
        the last POST's `Idempotency-Key` with its body, answers the same acknowledgement; another body is refused
        with 400 (`Errors/Duplicated-Classifieds-Error`), which names the classified. Needs the scope `placard/write`.
        """
        answer: Ack = self.call(
            "POST", "/classifieds", headers={"Idempotency-Key": idempotency_key, "traceparent": traceparent}, body=body
        )
        return answer

    def publish_batch(self, body: Batch, *, traceparent: str | None = None) -> BatchVerdicts:
        """Publish, change and delete up to a hundred classifieds.

        `put` makes what is unknown or deleted and replaces the rest; every item is judged as its single call would
        be, in order. Items that change nothing cost one read for all of them. Needs the scope `placard/write`.
        """
        answer: BatchVerdicts = self.call("POST", "/classifieds/batch", headers={"traceparent": traceparent}, body=body)
        return answer

    def preflight_classified(self, body: Classified, *, traceparent: str | None = None) -> Preflight:
        """Ask what each portal would make of a classified.

        Renders and judges as a delivery would, by the portals' rules and by the accounts connected. Stores nothing
        and calls no portal. Needs the scope `placard/read`.
        """
        answer: Preflight = self.call("POST", "/classifieds/preflight", headers={"traceparent": traceparent}, body=body)
        return answer

    def get_classified(self, classified_id: str, *, traceparent: str | None = None) -> ShownClassified:
        """Read a classified and how it stands on each portal.

        Needs the scope `placard/read`.
        """
        answer: ShownClassified = self.call(
            "GET", f"/classifieds/{escape(classified_id)}", headers={"traceparent": traceparent}
        )
        return answer

    def put_classified(
        self, classified_id: str, body: Classified, *, if_match: str | None = None, traceparent: str | None = None
    ) -> Ack:
        """Replace a classified.

        The whole classified, never a delta. `portals` may gain or lose entries, but not all of them. An identical
        body makes no new revision and no portal call. Needs the scope `placard/write`.
        """
        answer: Ack = self.call(
            "PUT",
            f"/classifieds/{escape(classified_id)}",
            headers={"If-Match": if_match, "traceparent": traceparent},
            body=body,
        )
        return answer

    def delete_classified(self, classified_id: str, *, traceparent: str | None = None) -> Ack:
        """Take a classified off every portal.

        Its statuses stay readable and its key may be posted again. Repeated, it is acknowledged again, with a next
        revision only if a portal's deletion ended `DELETING_FAILED`. Needs the scope `placard/write`.
        """
        answer: Ack = self.call("DELETE", f"/classifieds/{escape(classified_id)}", headers={"traceparent": traceparent})
        return answer

    def deactivate_classified(
        self, classified_id: str, body: Portals | None = None, *, traceparent: str | None = None
    ) -> Ack:
        """Take a classified offline without deleting it.

        The wish for each portal becomes `paused` and stays so through every PUT that lists the portal, until
        `activate`. Makes the next revision, none where that is already so and nothing is under way. Needs the scope
        `placard/write`.
        """
        answer: Ack = self.call(
            "POST", f"/classifieds/{escape(classified_id)}/deactivate", headers={"traceparent": traceparent}, body=body
        )
        return answer

    def activate_classified(
        self, classified_id: str, body: Portals | None = None, *, traceparent: str | None = None
    ) -> Ack:
        """Bring a classified online again.

        For what was deactivated, and for what expired at its portal. Makes the next revision, none where each portal
        is wished present and live and nothing is under way. Needs the scope `placard/write`.
        """
        answer: Ack = self.call(
            "POST", f"/classifieds/{escape(classified_id)}/activate", headers={"traceparent": traceparent}, body=body
        )
        return answer

    def retry_classified(
        self, classified_id: str, body: Portals | None = None, *, traceparent: str | None = None
    ) -> Ack:
        """Try again what did not reach its goal.

        Always makes the next revision; a portal at its goal ends `UPDATED` without a call. Needs the scope
        `placard/write`.
        """
        answer: Ack = self.call(
            "POST", f"/classifieds/{escape(classified_id)}/retry", headers={"traceparent": traceparent}, body=body
        )
        return answer

    def list_statuses(
        self,
        classified_id: str,
        *,
        filter: Literal["latest"] | None = None,
        status: Sequence[Status] | None = None,
        portal: Sequence[Portal] | None = None,
        limit: int | None = None,
        next_token: str | None = None,
        traceparent: str | None = None,
    ) -> StatusPage:
        """Read a classified's timeline, newest first.

        Asked right after a 202 it shows `RECEIVED` for every portal of the revision. A filtered page may hold fewer
        items than `limit`, even none, and still name a `nextToken`. Needs the scope `placard/read`.
        """
        answer: StatusPage = self.call(
            "GET",
            f"/classifieds/{escape(classified_id)}/statuses",
            query={"filter": filter, "status": status, "portal": portal, "limit": limit, "nextToken": next_token},
            headers={"traceparent": traceparent},
        )
        return answer

    def list_publications(
        self,
        *,
        health: Literal["problem", "pending", "live", "off"] | None = None,
        limit: int | None = None,
        next_token: str | None = None,
        traceparent: str | None = None,
    ) -> PublicationPage:
        """List how every listing fares on every channel, the worst first.

        `problem`: somebody must act, and `problem` says who; `pending`: under way; `live`: buyers see it; `off`:
        deactivated. The newest change first among equals; what was taken off is left out. A change shows within
        seconds. Needs the scope `placard/read`.
        """
        answer: PublicationPage = self.call(
            "GET",
            "/publications",
            query={"health": health, "limit": limit, "nextToken": next_token},
            headers={"traceparent": traceparent},
        )
        return answer

    def list_changes(
        self, *, since: str | None = None, limit: int | None = None, traceparent: str | None = None
    ) -> Changes:
        """Follow all status entries of the customer, oldest first.

        Each entry once and none left out, 30 seconds after its creation. Ask again with the `cursor`; where nothing
        is new the page is empty and the cursor the same. Needs the scope `placard/read`.
        """
        answer: Changes = self.call(
            "GET", "/statuses", query={"since": since, "limit": limit}, headers={"traceparent": traceparent}
        )
        return answer

    def get_webhook(self, *, traceparent: str | None = None) -> Subscription:
        """Read the subscription and how its callbacks fare.

        Needs the scope `placard/read`.
        """
        answer: Subscription = self.call("GET", "/webhooks", headers={"traceparent": traceparent})
        return answer

    def put_webhook(self, body: Webhook, *, traceparent: str | None = None) -> str:
        """Subscribe to status entries.

        One subscription per customer. It tells what is created from now on; a paused one goes on where it stopped.
        Every callback is signed by the Standard Webhooks headers. Needs the scope `placard/write`.
        """
        answer: str = self.call("PUT", "/webhooks", headers={"traceparent": traceparent}, body=body)
        return answer

    def delete_webhook(self, *, traceparent: str | None = None) -> str:
        """Unsubscribe.

        Needs the scope `placard/write`.
        """
        answer: str = self.call("DELETE", "/webhooks", headers={"traceparent": traceparent})
        return answer

    def rotate_secret(self, *, traceparent: str | None = None) -> Secret:
        """Make a new secret.

        The old one signs beside it for 24 hours. Needs the scope `placard/write`.
        """
        answer: Secret = self.call("POST", "/webhooks/rotate", headers={"traceparent": traceparent})
        return answer

    def replay_entries(self, body: Replay, *, traceparent: str | None = None) -> Any:
        """Go on with a paused subscription, telling again what was not accepted.

        Needs the scope `placard/write`.
        """
        answer: Any = self.call("POST", "/webhooks/replay", headers={"traceparent": traceparent}, body=body)
        return answer

    def list_listing_processes(
        self,
        *,
        id: int | None = None,
        account_id: str | None = None,
        property_id: str | None = None,
        agent_id: str | None = None,
        state: Literal["cancelled", "propertyVerified", "propertyUnverified", "waitingContent", "waitingProperty"]
        | None = None,
        page: int | None = None,
        items_per_page: int | None = None,
        traceparent: str | None = None,
    ) -> ListingProcessPage:
        """List listing processes.

        Needs the scope `placard/read`.
        """
        answer: ListingProcessPage = self.call(
            "GET",
            "/listing-processes",
            query={
                "id": id,
                "accountId": account_id,
                "propertyId": property_id,
                "agentId": agent_id,
                "state": state,
                "page": page,
                "itemsPerPage": items_per_page,
            },
            headers={"traceparent": traceparent},
        )
        return answer

    def list_listing_process_states(
        self, *, page: str | None = None, items_per_page: str | None = None, traceparent: str | None = None
    ) -> ListingProcessStatePage:
        """List the states of a listing process.

        Needs the scope `placard/read`.
        """
        answer: ListingProcessStatePage = self.call(
            "GET",
            "/listing-processes/states",
            query={"page": page, "itemsPerPage": items_per_page},
            headers={"traceparent": traceparent},
        )
        return answer

    def cancel_listing_process(self, id: int, *, traceparent: str | None = None) -> None:
        """Cancel a listing process.

        409 once it is closed. The classified's wish for Spotahome becomes absent. Needs the scope `placard/write`.
        """
        self.call("DELETE", f"/listing-processes/{escape(id)}", headers={"traceparent": traceparent})

    def assign_agent(self, id: int, body: Assignation, *, traceparent: str | None = None) -> None:
        """Assign an agent to a listing process.

        Needs the scope `placard/write`.
        """
        self.call(
            "PUT", f"/listing-processes/{escape(id)}/assignation", headers={"traceparent": traceparent}, body=body
        )

    def unassign_agent(self, id: int, *, traceparent: str | None = None) -> None:
        """Take the agent off a listing process.

        Needs the scope `placard/write`.
        """
        self.call("DELETE", f"/listing-processes/{escape(id)}/assignation", headers={"traceparent": traceparent})
