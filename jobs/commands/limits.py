"""``darkbelle limits``."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from darkbelle.jobs.commands.example import ExampleCommand
from darkbelle.jobs.commands.limit_tables import say_how_files_went, show_limits, show_limits_of_files
from darkbelle.jobs.commands.output import as_json, print_json
from darkbelle.jobs.commands.parameters import DATA, FOLDER, MASSES, SEED
from darkbelle.jobs.commands.places import PLACES, maker_of, place_options

if TYPE_CHECKING:
    from darkbelle.fitting.engines.base import Progress


@click.command(cls=ExampleCommand, example="darkbelle limits runs/first --cl 0.90 --toys 5000 --workers 2")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="RUN | FILES")
@click.option(
    "--workspaces",
    "plain",
    is_flag=True,
    help="The arguments are pyhf workspaces, from wherever, and no run; no limits are written.",
)
@click.option(
    "--patchset",
    type=click.Path(path_type=Path),
    help="With --workspaces and one background model: a pyhf patch set of hypotheses for it.",
)
@click.option(
    "--cl",
    type=click.FloatRange(0.5, 1, min_open=True, max_open=True),
    help="Confidence level.  [default: the channel's, 0.95 for workspaces]",
)
@click.option(
    "--engine",
    default="fast",
    show_default=True,
    help="What computes: fast, which leaves to pyhf what it cannot solve, or pyhf.",
)
@click.option(
    "--toys",
    default=0,
    type=click.IntRange(min=0),
    help="Pseudo-experiments a hypothesis and value tested, instead of formulas; by the fast engine.",
)
@click.option(
    "--out",
    type=FOLDER,
    help="With --workspaces and --toys: folder in which experiments are kept.  [default: limits]",
)
@MASSES
@click.option(
    "--mass-step",
    type=click.FloatRange(min=0, min_open=True),
    help="GeV: between the simulated masses others so far apart, with interpolated signals; see closure.",
)
@click.option("--interpolate", is_flag=True, help="--mass may lie between simulated masses.")
@DATA
@SEED
@place_options
@as_json
@click.pass_context
def limits(
    context: click.Context,
    /,
    paths: tuple[Path, ...],
    plain: bool,
    patchset: Path | None,
    cl: float | None,
    out: Path | None,
    masses: tuple[float, ...],
    mass_step: float | None,
    interpolate: bool,
    data: str,
    json_output: bool,
    **options: Any,
) -> None:
    """Compute the upper limits of a run, and write RUN/limits.json. Exits with 1 if a mass has none.

    With --workspaces: of any pyhf workspaces. Experiments of --toys are made on any executor and are kept,
    in RUN/toys: what was stopped goes on.
    """
    from darkbelle.fitting.run_limits import compute_limits
    from darkbelle.runfolder import TOYS

    if not options["toys"]:
        _refuse_places(context)
    if plain:
        if masses or mass_step or interpolate:
            raise click.UsageError("--mass and --mass-step are of a run, and --workspaces have no masses")
        solving = _solving(out or Path("limits"), {"confidence_level": cl or 0.95, **options})
        _of_files(_hypotheses(paths, patchset), solving, json_output=json_output)
        return
    if patchset is not None:
        raise click.UsageError("--patchset goes with --workspaces and a background model, not with a run")
    if len(paths) > 1 or out:
        raise click.UsageError(
            f"one run at a time, and its folder is that of what is made, got {len(paths)}; --workspaces if "
            "these are workspaces"
        )
    solving = _solving(paths[0] / TOYS, {"confidence_level": cl, **options})
    with _counted(solving) as progress:
        found = compute_limits(
            paths[0],
            masses=masses or None,
            mass_step=mass_step,
            interpolate=interpolate,
            data=data,  # type: ignore[arg-type]  # click has checked it
            progress=progress,
            **solving,
        )
    if json_output:
        print_json(found.as_json())
    else:
        show_limits(found)
    if found.failed:
        raise SystemExit(1)


def _refuse_places(context: click.Context) -> None:
    """Refuse options that say where experiments are made when there are none."""
    given = [name for name in (*PLACES, "out") if _is_given(context, name)]
    if given:
        raise click.UsageError(
            f"--{given[0]} goes with pseudo-experiments; add --toys, or drop it: formulas need no cluster"
        )


def _is_given(context: click.Context, name: str) -> bool:
    return context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE


def _solving(folder: Path, options: dict[str, Any]) -> dict[str, Any]:
    """Return the options of the library's functions, with a maker of experiments if there are any."""
    if options["toys"]:
        make, left = maker_of(folder, options)
        return {**left, "make": make}
    workers = options["workers"] or 1
    return {**{name: options[name] for name in options.keys() - {*PLACES}}, "workers": workers}


def _counted(solving: dict[str, Any]) -> AbstractContextManager[Progress | None]:
    """Show how many limits are known; a maker of experiments shows a bar of its own."""
    from darkbelle.jobs.progress import counter

    return nullcontext() if "make" in solving else counter("limits")


def _hypotheses(paths: tuple[Path, ...], patchset: Path | None) -> Any:
    """Return workspaces by name, or the paths of their files."""
    from darkbelle.fitting.patchsets import patched

    if patchset is None:
        return paths
    if len(paths) > 1:
        raise click.UsageError(f"--patchset wants one background model, got {len(paths)} files")
    return patched(paths[0], patchset)


def _of_files(workspaces: Any, options: dict[str, Any], *, json_output: bool) -> None:
    """Compute and print the limits of workspaces. Exits with 1 if one has none."""
    from darkbelle.fitting import solving
    from darkbelle.fitting.engines import Failure

    with _counted(options) as progress:
        answers = solving.limits(workspaces, **options, progress=progress)
    if json_output:
        print_json([item.as_json() for item in answers])
    else:
        show_limits_of_files(answers, options["confidence_level"])
    say_how_files_went(answers, options["engine"])
    if any(isinstance(item.outcome, Failure) for item in answers):
        raise SystemExit(1)
