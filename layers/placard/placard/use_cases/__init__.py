"""One file per function: load, ask the core, store. Nothing here knows AWS or HTTP."""
