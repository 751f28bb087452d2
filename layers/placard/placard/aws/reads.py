"""The reads that the API and the functions behind it share."""

from __future__ import annotations

from placard.aws.items import classified_key, read_classified, read_publication
from placard.aws.table import Table
from placard.domain.classified import Classified
from placard.domain.publication import Publication


def load_classified(table: Table, classified_id: str) -> tuple[Classified | None, tuple[Publication, ...]]:
    """Return a classified and its publications: one consistent Query, since `~` sorts behind every channel's name."""
    values = {":pk": classified_key(classified_id)["pk"], ":last": "PUBLICATION#~"}
    classified, publications = None, []
    for item in table.query("pk = :pk AND sk <= :last", values, consistent_read=True):
        if item["kind"] == "CLASSIFIED":
            classified = read_classified(item)
        else:
            publications.append(read_publication(item))
    return classified, tuple(publications)
