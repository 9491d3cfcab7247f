"""`darkroom`: the command line's entry, and what all its commands share.

Exit status: 0 done, 1 the input's or the recipe's fault (or ours), 2 wrong usage, 130 stopped by Ctrl-C. An error
is one line on stderr.
"""

from __future__ import annotations

from concurrent.futures import BrokenExecutor
from typing import Any

import click

import darkroom
from darkroom.cli import addresses, batch, care, checking, cloud, containers, jobs, joined, photos, questions, reference
from darkroom.cli.shared import DIED, STOPPED, fail, sentence, shown
from darkroom.errors import DarkroomError, not_installed


class Group(click.Group):
    """Turns errors into one line and an exit status, in one place for all commands; has those that joined as well."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*super().list_commands(ctx), *joined.points(joined.COMMANDS)])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return super().get_command(ctx, cmd_name) or joined.load(joined.COMMANDS, cmd_name)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except DarkroomError as error:
            fail(error.message)
        except KeyboardInterrupt:
            raise SystemExit(STOPPED) from None
        except BrokenPipeError:
            raise  # the reader (head, less) has gone: nothing is wrong, and click ends quietly
        except OSError as error:
            is_named = error.filename is None or isinstance(error, FileExistsError)
            fail(sentence(error) if is_named else f"{shown(error.filename)}: {sentence(error)}")
        except MemoryError as error:
            fail(sentence(error))
        except BrokenExecutor:
            fail(DIED)
        except ModuleNotFoundError as missing:
            fail(not_installed(missing.name or "a package").message)
        raise SystemExit(1)


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(darkroom.__version__, prog_name="darkroom")
def cli() -> None:
    """A photo lab: diagnoses photos and enhances them."""


for command in (
    photos.enhance,
    reference.steps_command,
    reference.recipes_command,
    questions.inspect,
    questions.diagnose,
    questions.classify,
    checking.check,
    cloud.submit,
    batch.batch,
    addresses.sign,
    jobs.jobs,
    jobs.job,
    care.redo,
    care.redrive,
    care.doctor,
    containers.worker,
    containers.serve,
):
    cli.add_command(command)


def main() -> None:
    cli.main()
