"""Everything the hub knows of the portals, one folder per provider. Importing a folder imports its manifest alone."""
