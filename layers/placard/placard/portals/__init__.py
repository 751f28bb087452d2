"""Everything the hub knows of the portals, one folder per provider, with its policy in `manifest.py`."""
