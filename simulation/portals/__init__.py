"""Portals that behave as the real ones do, at the hub's ports: their own state, their own time, their own will.

What they say goes through the hub's own reading of it (`OlxReceiver.interpret`, `read_meta`, `read_statuses`, `read_shown`,
`interpret_row`).
"""

from __future__ import annotations

from simulation.portals.aviv import AvivPortal
from simulation.portals.olx import OlxPortal
from simulation.portals.site import Site, Work
from simulation.portals.spotahome import SpotahomePortal

Portal = OlxPortal | AvivPortal | SpotahomePortal

__all__ = ["AvivPortal", "OlxPortal", "Portal", "Site", "SpotahomePortal", "Work"]
