"""Callbacks to the CRMs: which addresses may be called, and the call itself (contracts/hub.md §3)."""
