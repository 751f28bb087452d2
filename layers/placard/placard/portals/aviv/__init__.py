"""AVIV's Classifieds Management V4, which feeds SeLoger and its four sisters (contracts/aviv.md)."""
