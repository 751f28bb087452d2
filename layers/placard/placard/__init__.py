"""Placard: one API to publish a property classified on every portal and to learn what became of it."""
