"""``python -m service.cli``: the command ``jppnet`` without its installation."""

from service.cli import app

app(prog_name="jppnet")
