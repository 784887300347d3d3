"""Error reporting of commands: an error in what the user gave ends the command with a sentence, not a traceback."""

import os
import sys
from collections.abc import Callable
from functools import wraps

from training.errors.input_error import InputError


def reports_input_errors(main: Callable[[], None]) -> Callable[[], None]:
    """Decorator of a command's ``main``: InputError and OSError end it with their sentence and exit status 1.

    Any other exception is a fault of this project and keeps its traceback.
    """

    @wraps(main)
    def run() -> None:
        try:
            main()
        except InputError as error:
            sys.exit(_from_this_rank(str(error)))
        except OSError as error:
            sys.exit(_from_this_rank(os_error_sentence(error)))

    return run


def os_error_sentence(error: OSError) -> str:
    """What the system refused, and of which file."""
    if error.strerror is None:
        return str(error)
    return f"{error.filename}: {error.strerror}" if error.filename is not None else error.strerror


def _from_this_rank(sentence: str) -> str:
    """The sentence, with the process's rank in a run of several."""
    several = int(os.environ.get("WORLD_SIZE", "1")) > 1
    return f"rank {os.environ.get('RANK', '0')}: {sentence}" if several else sentence
