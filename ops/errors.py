"""The one error of the tools: its text is a sentence for the person at the terminal."""


class OpsError(Exception):
    """What was asked for cannot be done; the message says why and what to do."""
