"""The command line, ``darkbelle``: exit code 0 if all is well, 1 if data or a run is not, 2 for wrong use."""

from __future__ import annotations

import logging
from typing import Any

import click

from darkbelle.errors import ConfigurationError, DarkbelleError
from darkbelle.jobs.commands.cancel import cancel
from darkbelle.jobs.commands.closure import closure
from darkbelle.jobs.commands.crosscheck import crosscheck
from darkbelle.jobs.commands.demo import demo
from darkbelle.jobs.commands.doctor import doctor
from darkbelle.jobs.commands.fit import fit
from darkbelle.jobs.commands.injection import injection
from darkbelle.jobs.commands.interpret import interpret
from darkbelle.jobs.commands.limits import limits
from darkbelle.jobs.commands.pack import pack
from darkbelle.jobs.commands.plan import plan
from darkbelle.jobs.commands.project import project
from darkbelle.jobs.commands.pulls import pulls
from darkbelle.jobs.commands.report import report
from darkbelle.jobs.commands.reweight import reweight
from darkbelle.jobs.commands.run import merge, retry, run
from darkbelle.jobs.commands.simulate import samples, simulate
from darkbelle.jobs.commands.slim import slim
from darkbelle.jobs.commands.status import status, verify
from darkbelle.jobs.commands.studies import coverage, intervals, significance
from darkbelle.jobs.commands.workspace import workspace

__all__ = ["main"]

COMMANDS = (
    demo,
    simulate,
    samples,
    reweight,
    slim,
    plan,
    run,
    status,
    verify,
    retry,
    cancel,
    merge,
    fit,
    workspace,
    limits,
    closure,
    pulls,
    injection,
    intervals,
    significance,
    coverage,
    crosscheck,
    project,
    interpret,
    report,
    doctor,
    pack,
)


class Commands(click.Group):
    """A group that shows our own errors as messages, and keeps the order of its commands."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        """Return the commands in the order in which one uses them."""
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; with ``--debug`` errors keep their traceback."""
        try:
            return super().invoke(ctx)
        except DarkbelleError as error:
            if ctx.params["debug"]:
                raise
            for line in (f"error: {error}", *getattr(error, "__notes__", ())):
                click.echo(line, err=True)
            ctx.exit(2 if isinstance(error, ConfigurationError) else 1)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="darkbelle")
@click.option("--debug", is_flag=True, help="Log details, and show the traceback of an error.")
def main(debug: bool) -> None:
    """Search for light dark sectors at Belle II, from collisions to limits.

    All in one, on simulated collisions: darkbelle demo.
    """
    shown = logging.StreamHandler()
    # Dask sets the level of its own loggers, when it is imported
    shown.addFilter(lambda record: record.levelno >= logging.WARNING or record.name.startswith("darkbelle"))
    logging.basicConfig(format="%(levelname)s %(name)s: %(message)s", handlers=[shown])
    logging.getLogger("darkbelle").setLevel(logging.DEBUG if debug else logging.INFO)


for command in COMMANDS:
    main.add_command(command)


if __name__ == "__main__":
    main()
