"""``darkbelle workspace``, ``limits`` and ``interpret``."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from darkbelle.jobs.commands.example import ExampleCommand
from darkbelle.jobs.commands.output import as_json, print_json, print_table, say
from darkbelle.jobs.commands.parameters import FOLDER, RUN, SEED
from darkbelle.jobs.commands.places import PLACES, maker_of, place_options

if TYPE_CHECKING:
    from darkbelle.fitting.couplings import Model
    from darkbelle.fitting.engines.base import Progress
    from darkbelle.fitting.interpretation import Interpretation
    from darkbelle.fitting.run_limits import Limits

MODELS: tuple[Model, ...] = (
    "vanilla",
    "fully_invisible",
)  # as darkbelle.fitting.interpretation has them, slow to import
FITTED = {
    "asimov": "SIMULATION, expected background",
    "pseudo": "SIMULATION, pseudo-data",
    "observed": "Data",
}
BANDS = ("−2σ", "−1σ", "expected", "+1σ", "+2σ")

masses_option = click.option(
    "--mass",
    "masses",
    type=float,
    multiple=True,
    help="Mass in GeV, may be repeated.  [default: all simulated]",
)
data_option = click.option(
    "--data",
    default="pseudo",
    show_default=True,
    type=click.Choice(["asimov", "pseudo", "observed"]),
    help="What is fitted: the expectation, one random draw of it, or datasets of data.",
)


@click.command(cls=ExampleCommand, example="darkbelle workspace runs/first --mass 2 --out workspaces")
@RUN
@click.option("--out", type=FOLDER, help="Folder.  [default: RUN/workspaces]")
@masses_option
@data_option
@SEED
@click.option(
    "--format",
    "form",
    default="pyhf",
    show_default=True,
    type=click.Choice(["pyhf", "patchset", "hs3"]),
    help="One pyhf workspace a mass, one background and a patch set of pyhf, or one HS3 file a mass.",
)
def workspace(
    run: Path, out: Path | None, masses: tuple[float, ...], data: str, seed: int, form: str
) -> None:
    """Write the statistical model of each mass hypothesis, as JSON that pyhf or RooFit reads."""
    from darkbelle.fitting.workspaces import build_workspaces

    folder = out or run / "workspaces"
    paths = build_workspaces(
        run,
        folder,
        masses or None,
        data=data,  # type: ignore[arg-type]  # click has checked it
        seed=seed,
        form=form,  # type: ignore[arg-type]  # click has checked it
    )
    click.echo(f"{len(paths)} files in {folder}")


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
@masses_option
@click.option(
    "--mass-step",
    type=click.FloatRange(min=0, min_open=True),
    help="GeV: between the simulated masses others so far apart, with interpolated signals; see closure.",
)
@click.option("--interpolate", is_flag=True, help="--mass may lie between simulated masses.")
@data_option
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
        limits_of_files(_hypotheses(paths, patchset), solving, json_output=json_output)
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


@click.command(cls=ExampleCommand, example="darkbelle interpret runs/first --model vanilla")
@RUN
@click.option(
    "--model", "models", multiple=True, type=click.Choice(MODELS), help="May be repeated.  [default: all]"
)
@as_json
def interpret(run: Path, models: tuple[Model, ...], json_output: bool) -> None:
    """Turn limits on the cross section into limits on the coupling g′ of a model."""
    from darkbelle.fitting.interpretation import interpret as interpret_run

    found = [interpret_run(run, model) for model in models or MODELS]
    if json_output:
        print_json([item.as_json() for item in found])
    else:
        for item in found:
            show_interpretation(item)


def _hypotheses(paths: tuple[Path, ...], patchset: Path | None) -> Any:
    """Return workspaces by name, or the paths of their files."""
    from darkbelle.fitting.patchsets import patched

    if patchset is None:
        return paths
    if len(paths) > 1:
        raise click.UsageError(f"--patchset wants one background model, got {len(paths)} files")
    return patched(paths[0], patchset)


def limits_of_files(workspaces: Any, options: dict[str, Any], *, json_output: bool) -> None:
    """Compute and print the limits of workspaces. Exits with 1 if one has none."""
    from darkbelle.fitting import solving
    from darkbelle.fitting.engines import Failure
    from darkbelle.fitting.findings import summarise

    with _counted(options) as progress:
        answers = solving.limits(workspaces, **options, progress=progress)
    solved = [(item.name, item.outcome) for item in answers if not isinstance(item.outcome, Failure)]
    if json_output:
        print_json([item.as_json() for item in answers])
    else:
        print_table(
            f"Upper limits on the parameter of interest, {options['confidence_level']:.0%} CL",
            ("workspace", "observed", *BANDS),
            [(name, limit.observed, *limit.expected) for name, limit in solved],
        )
    _say_how_fits_went(
        [(item.largest_edm, item.evaluations, item.needed_help) for _, item in solved], options["engine"]
    )
    for name, limit in solved:
        for flag in limit.flags:
            say(f"{name}: {flag}")
    for line in summarise({item.name: item.findings for item in answers}):
        say(line)
    for item in answers:
        if isinstance(item.outcome, Failure):
            say(f"{item.name} has no limit: {item.outcome.reason}")
    if len(solved) < len(answers):
        raise SystemExit(1)


def _say_how_fits_went(fits: list[tuple[float, int, bool]], engine: str) -> None:
    """Say of fits, by limit: their worst distance to a minimum, how many, and whether they needed help."""
    if not fits:
        return
    worst, total, helped = (
        max(edm for edm, _, _ in fits),
        sum(n for _, n, _ in fits),
        sum(h for _, _, h in fits),
    )
    say(
        f"{total} fits by engine {engine}, at most {worst:.1g} from their minima in −ln L (edm); "
        f"{helped or 'none'} of {len(fits)} limits needed help"
        + (", by a second minimiser, another engine or a choice among minima" if helped else "")
    )


def show_limits(found: Limits) -> None:
    """Print limits as a table, and what one must know about them."""
    print_table(
        f"{FITTED[found.data]}: upper limits on the {found.poi.replace('_', ' ')} in {found.unit}, "
        f"{found.confidence_level:.0%} CL, {found.luminosity_fb:g}/fb",
        ("mass [GeV]", "observed", *BANDS),
        [(point.mass, point.observed, *point.expected) for point in found.points],
    )
    print_table(
        "What they stand on, after all cuts",
        ("mass [GeV]", "signal", "σ(M²) [GeV²]", "signal efficiency", "background within ±2σ"),
        [
            (
                point.mass,
                "{:g} to {:g} GeV".format(*between)
                if (between := point.interpolated_between)
                else "simulated",
                point.diagnostics["resolution_m2"],
                point.diagnostics["signal_efficiency"],
                point.diagnostics["background_near_peak"],
            )
            for point in found.points
        ],
    )
    fits = [point.diagnostics for point in found.points]
    _say_how_fits_went(
        [(fit["largest_edm"], fit["evaluations"], fit["needed_help"]) for fit in fits], found.engine
    )
    interpolated = sum(point.interpolated_between is not None for point in found.points)
    if interpolated:
        say(
            f"{interpolated} of {len(found.points)} limits rest on signals interpolated between simulated "
            "masses; `darkbelle closure` says how well these are known"
        )
    for point in found.points:
        for flag in point.flags:
            say(f"{point.mass:g} GeV: {flag}")
    for line in found.preflight:
        say(line)
    for mass, reason in found.failed.items():
        say(f"{mass:g} GeV has no limit: {reason}")
    if found.missing_processes:
        say(f"not in these limits, for want of a dataset: {', '.join(found.missing_processes)}")


def show_interpretation(found: Interpretation) -> None:
    """Print limits on the coupling as a table."""
    print_table(
        f"Upper limits on g′, {found.model.replace('_', ' ')} model, {found.confidence_level:.0%} CL",
        ("mass [GeV]", "observed", *BANDS),
        [(point.mass, point.observed, *point.expected) for point in found.points],
    )
