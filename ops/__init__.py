"""Tools for whoever runs a deployed hub: they ask and act through its own use cases, from a terminal."""
