"""The command ``jppnet``: serve, answer for files, and say what an installation is able to."""

import typer

from service.cli.doctor import doctor
from service.cli.photos import analyze, parse, pose
from service.cli.serve import serve
from service.scale.command import bulk

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Human parsing and pose.")
for command in (serve, parse, pose, analyze, bulk, doctor):
    app.command()(command)
