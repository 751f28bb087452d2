"""The one error of the sandbox: its text is a sentence for the person at the terminal."""


class SandboxError(Exception):
    """The sandbox could not be started, reached or ended; the message says what to do."""
