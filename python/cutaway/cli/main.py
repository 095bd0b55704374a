"""The command line: parse, call, print where the files are.

Results go to stdout, talk and the progress bar to stderr. An error is one line; exit codes are 0, 1 for
a failure, 2 for wrong usage, 130 after Ctrl-C, 143 after SIGTERM.
"""

from __future__ import annotations

import logging
import signal
import sys
import warnings
from importlib import import_module
from typing import NoReturn

import click

from ..errors import Terminated
from ..version import __version__
from .options import split_lists
from .terminal import flush_stdout, message, open_streams, plain, talk

COMMANDS = (
    "batch",
    "bench",
    "biography",
    "doubt",
    "first",
    "info",
    "landscape",
    "mistakes",
    "page",
    "picture",
    "poster",
    "race",
    "sweep",
    "train",
    "why",
)


class _Commands(click.Group):
    """Commands that are files of their own, imported when they are called."""

    def get_command(self, _: click.Context, name: str) -> click.Command | None:
        if name not in self.commands:
            return None
        return _with_help(import_module(f".{name}", __package__).command)


def _with_help(command: click.Command) -> click.Command:
    """Return a command that has its help, which `python -OO` leaves out of what it compiles."""
    if command.help is None and command.callback is not None:
        import ast
        import inspect

        tree = ast.parse(inspect.getsource(command.callback))
        (function,) = (node for node in tree.body if isinstance(node, ast.FunctionDef))
        command.help = ast.get_docstring(function)
    return command


@click.group(
    cls=_Commands,
    commands={name: click.Command(name) for name in COMMANDS},  # until they are called
    context_settings={"help_option_names": ["-h", "--help"]},
    no_args_is_help=False,
)
@click.version_option(__version__, prog_name="cutaway", message="%(prog)s %(version)s")
@click.option("--debug", is_flag=True, help="Show a traceback on errors.")
def cli(debug: bool) -> None:
    """Train small neural networks very fast, and look inside while they learn."""
    del debug  # main() looks for it, because an error may come before it is parsed


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command line and exit."""
    terminated = False

    def terminate(*_: object) -> NoReturn:
        nonlocal terminated
        terminated = True
        raise Terminated

    open_streams()
    signal.signal(signal.SIGTERM, terminate)
    # Of a home that is not writable: it then takes a temporary one, which works as well.
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.showwarning = _tell  # type: ignore[assignment]  # it is called by place
        code = _run(split_lists(list(sys.argv[1:] if arguments is None else arguments)))
    sys.exit(flush_stdout(143 if terminated else code))


def _tell(text: Warning | str, *_: object) -> None:
    """Show a warning: the line of a program that it names is none of the user's here."""
    talk(f"cutaway: warning: {plain(str(text))}")


def _run(arguments: list[str]) -> int:
    """Return the exit code of a command; what went wrong was told then."""
    debug = "--debug" in arguments
    arguments = [a for a in arguments if a != "--debug"]
    try:
        return int(
            _with_help(cli).main(
                arguments or ["--help"], prog_name="cutaway", standalone_mode=False
            )
            or 0
        )
    except click.ClickException as error:
        talk(f"cutaway: error: {_usage(error)}")
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        talk("cutaway: interrupted")
        return 130
    except BrokenPipeError:
        return 1
    except Exception as error:
        if debug:
            raise
        talk(f"cutaway: error: {plain(message(error))}")
        return 1


def _usage(error: click.ClickException) -> str:
    """Return what is wrong with the words of a command, and where to look."""
    context = getattr(error, "ctx", None)
    path = context.command_path if context else "cutaway"
    where = path.removeprefix("cutaway").strip()
    what = f"{where}: " if where else ""
    return f"{what}{plain(error.format_message()).rstrip('.')}; see '{path} --help'"
