"""Spotahome, which never calls: the hub reads its listing processes (contracts/spotahome.md)."""
