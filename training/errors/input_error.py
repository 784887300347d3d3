"""Input error: what a user gave cannot be used."""


class InputError(ValueError):
    """What a user gave cannot be used. The message is for the user: it names the thing, the fault and the remedy."""
