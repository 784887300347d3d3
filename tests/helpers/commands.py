"""Commands of ``python -m``, run within the test's process."""

import runpy
import sys
from unittest.mock import patch


def run_command(module, *arguments):
    """Run a command, for example ``training.evaluate``, with arguments. Raises SystemExit when it fails."""
    with patch.object(sys, "argv", [module, *map(str, arguments)]):
        runpy.run_module(module, run_name="__main__")
