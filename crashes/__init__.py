"""Crash points on the running hub: every call a function makes to AWS, to a portal or to a CRM may be its last."""
