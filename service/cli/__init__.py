"""The command ``jppnet``: serve, answer for files, and say what an installation is able to."""

from typing import Annotated

import typer

from service.cli.bulk import bulk
from service.cli.doctor import doctor
from service.cli.photos import analyze, parse, pose
from service.cli.serve import serve
from service.cli.settings_help import settings_help
from service.version import __version__

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Human parsing and pose.")


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"jppnet {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit."),
    ] = False,
) -> None:
    """Options of the command itself, before the name of a subcommand."""


app.command(epilog=settings_help())(serve)
for command in (parse, pose, analyze, bulk, doctor):
    app.command()(command)
