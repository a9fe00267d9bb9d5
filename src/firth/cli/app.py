"""The command line's frame: the list of commands, and how an error becomes one line and an exit status."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from firth.errors import FirthError

# typer brings its own copy of click in some releases; its public names lead to whichever is in use.
_UsageError: Any = typer.BadParameter.__base__
_ClickError: Any = _UsageError.__base__

_INTERRUPTED = 130

app = typer.Typer(
    name="firth",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        from firth import __version__

        sys.stdout.write(f"firth {__version__}\n")
        raise typer.Exit


@app.callback()
def firth(
    _version_wanted: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Learn vectors for words and any other tokens from your own sequences."""


class Interrupted(Exception):  # noqa: N818 (nothing went wrong)
    """A run that was interrupted and saved; the message says where and how to go on."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status: 0, 2 for bad usage or input, 130 for Ctrl-C."""
    if sys.stdout is None:  # closed by the shell
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115 (open until the end)
    command = typer.main.get_command(app)
    try:
        status = command.main(
            args=None if arguments is None else list(arguments), prog_name="firth", standalone_mode=False
        )
        sys.stdout.flush()
    except FirthError as error:
        return _complain(str(error))
    except MemoryError as error:
        return _complain(
            f"the memory of this machine is used up ({error}): close other programs, or ask for less; a run that has "
            "written checkpoints can be resumed"
        )
    except _UsageError as error:
        if type(error).__name__ == "NoArgsIsHelpError":  # it has shown the whole help
            return _complain("no command is given: choose one of those above")
        help_command = error.ctx.command_path if error.ctx else "firth"
        message = _with_value(error, sys.argv[1:] if arguments is None else arguments)
        return _complain(f"{message.rstrip('.')} (see: {help_command} --help)")
    except _ClickError as error:
        return _complain(error.format_message())
    except Interrupted as notice:
        return _complain(f"interrupted: {notice}", status=_INTERRUPTED)
    except (KeyboardInterrupt, typer.Abort):
        status = _INTERRUPTED
    except (OSError, SystemExit) as ending:
        # click makes an exit of a pipe that breaks while a command is writing.
        failure = ending.__context__ if isinstance(ending, SystemExit) else ending
        if not isinstance(failure, OSError) or (failure is not ending and failure.errno != errno.EPIPE):
            raise
        # What Python still holds for standard output would fail again at the end of the process.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(failure, BrokenPipeError):
            return 0  # the reader has gone (firth neighbors ... | head): nothing to say, nowhere to say it
        reason = failure.strerror or failure
        return _complain(f"cannot write the output: {reason}; choose another place for it")
    if status == _INTERRUPTED:
        return _complain("interrupted: nothing was saved", status=_INTERRUPTED)
    return status if isinstance(status, int) else 0


def _with_value(error: Any, arguments: Sequence[str]) -> str:
    """Return the message of a usage error, with the option's value where it is about one: typer leaves it out."""
    for option in (
        getattr(getattr(error, "param", None), "opts", ()) if isinstance(error, typer.BadParameter) else ()
    ):
        for argument, following in zip(arguments, [*arguments[1:], ""], strict=True):
            if argument == option and following:
                return f"{option} is {following!r}: {error.message}"
            if argument.startswith(f"{option}="):
                return f"{option} is {argument.partition('=')[2]!r}: {error.message}"
    return str(error.format_message())


def _complain(message: str, *, status: int = 2) -> int:
    line = " ".join(message.split())
    sys.stderr.write(f"firth: {line}\n")
    return status
