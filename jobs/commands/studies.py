"""``darkbelle intervals``, ``significance`` and ``coverage``: studies with pseudo-experiments."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from darkbelle.jobs.commands.example import ExampleCommand
from darkbelle.jobs.commands.output import as_json, print_json, print_table, say
from darkbelle.jobs.commands.parameters import DATA, FILE, FINAL_STATE, FOLDER, MASSES, RUN, SEED
from darkbelle.jobs.commands.places import maker_of, place_options

if TYPE_CHECKING:
    from darkbelle.fitting.studies.coverage import CoverageStudy
    from darkbelle.fitting.studies.recipes import Make
    from darkbelle.fitting.studies.significance import ScanSignificance

F = TypeVar("F", bound=Callable[..., Any])

level_option = click.option(
    "--cl", type=click.FloatRange(0.5, 1, min_open=True, max_open=True), help="Confidence level."
)


def toys_option(default: int, what: str) -> Callable[[F], F]:
    """Return the option that says how many experiments."""
    return click.option("--toys", default=default, show_default=True, type=click.IntRange(min=1), help=what)


@click.command(cls=ExampleCommand, example="darkbelle intervals runs/first --cl 0.90 --toys 4000 --workers 2")
@RUN
@level_option
@toys_option(4000, "Experiments for each value of the parameter of interest that is tested.")
@click.option(
    "--points", default=20, show_default=True, type=click.IntRange(min=3), help="Values tested, twice."
)
@MASSES
@FINAL_STATE
@DATA
@SEED
@place_options
@as_json
def intervals(run: Path, cl: float | None, json_output: bool, **options: Any) -> None:
    """Compute the intervals of Feldman and Cousins of a run, and write RUN/intervals.json.

    One construction for upper limits and two-sided intervals, with nuisance parameters profiled.
    Experiments are kept in RUN/toys: what was stopped goes on. Exits with 1 if a mass has no interval.
    """
    from darkbelle.fitting.studies.runs import compute_intervals
    from darkbelle.runfolder import TOYS

    make, options = maker_of(run / TOYS, options)
    found = compute_intervals(run, confidence_level=cl, make=make, **options)
    if json_output:
        print_json(found.as_json())
    else:
        print_table(
            f"Intervals of Feldman and Cousins on {found.poi}, {found.luminosity_fb:g}/fb",
            ("mass [GeV]", "best fit", "lower", "±", "upper", "±"),
            [
                (mass, item.best_fit, item.lower, item.errors[0], item.upper, item.errors[1])
                for mass, item in found.points.items()
            ],
        )
    _end(found.failed, "interval")


@click.command(cls=ExampleCommand, example="darkbelle significance runs/first --toys 1000 --workers 2")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="RUN | FILES")
@click.option(
    "--workspaces",
    "plain",
    is_flag=True,
    help="The arguments are pyhf workspaces of one scan, in its order, and no run.",
)
@click.option(
    "--out", type=FOLDER, help="With --workspaces: folder of what is made.  [default: significance]"
)
@toys_option(1000, "Experiments of background, each over the whole scan.")
@MASSES
@FINAL_STATE
@DATA
@SEED
@place_options
@as_json
def significance(
    paths: tuple[Path, ...], plain: bool, out: Path | None, json_output: bool, **options: Any
) -> None:
    """Compute local and global p-values of background, and write significance.json and a plot.

    The global one is that of the largest excess among all masses: by experiments, and by the formula of
    Gross and Vitells from up-crossings, which is an upper bound. Exits with 1 if a mass has no model.
    """
    if plain:
        _significance_of_files(paths, out or Path("significance"), options, json_output)
        return
    from darkbelle.fitting.plots.studies import plot_local_p
    from darkbelle.fitting.studies.runs import compute_significance
    from darkbelle.runfolder import TOYS

    if len(paths) > 1 or out:
        raise click.UsageError("one run at a time, and its folder is that of what is made; see --workspaces")
    make, options = maker_of(paths[0] / TOYS, options)
    found = compute_significance(paths[0], make=make, **options)
    _draw(paths[0] / "significance.png", lambda: plot_local_p(found.scan, found.luminosity_fb))
    if json_output:
        print_json(found.as_json())
    else:
        _show_significance(found.scan, "mass [GeV]")
    _end(found.failed, "model")


def _significance_of_files(
    paths: tuple[Path, ...], out: Path, options: dict[str, Any], json_output: bool
) -> None:
    from darkbelle.fitting.plots.studies import plot_local_p
    from darkbelle.fitting.studies.significance import plain_scan, scan_significance
    from darkbelle.provenance import provenance
    from darkbelle.runfolder import SCHEMA, SIGNIFICANCE, write_json

    if any([options.pop("masses"), options.pop("final_state")]):
        raise click.UsageError("--mass and --final-state choose among those of a run, workspaces have none")
    make, options = maker_of(out, options)
    del options["data"]  # workspaces have their own
    scan = plain_scan([_workspace(path) for path in paths], **options)
    found = scan_significance(range(len(paths)), scan, make=make)
    record = provenance(workspaces=[path.name for path in paths])
    write_json(out / SIGNIFICANCE, {"schema": SCHEMA, "scan": found.as_json(), "provenance": record})
    _draw(out / "significance.png", lambda: plot_local_p(found, unit=""))
    if json_output:
        print_json(found.as_json())
    else:
        _show_significance(found, "workspace")


@click.command(
    cls=ExampleCommand,
    example="darkbelle coverage runs/first/workspaces/mass_02.0000.json --strengths 0,10,20 --out coverage",
)
@click.argument("workspace", type=FILE)
@click.option(
    "--strengths",
    help="True values of the parameter of interest, as 0,10,20.  [default: 0, 1/2, 1 and 2 times the median "
    "expected limit]",
)
@click.option("--out", required=True, type=FOLDER, help="Folder of the study; what is made is kept there.")
@level_option
@toys_option(2000, "Experiments at each strength.")
@click.option(
    "--nested",
    default=0,
    type=click.IntRange(min=0),
    help="Experiments at each strength that are analysed by toys: limits by --toys, and intervals.",
)
@click.option(
    "--inner", default=1000, show_default=True, type=click.IntRange(min=20), help="Toys for each of these."
)
@SEED
@place_options
@as_json
def coverage(
    workspace: Path, strengths: str | None, out: Path, cl: float | None, json_output: bool, **options: Any
) -> None:
    """Say how often limits and intervals of a pyhf workspace contain the truth, and the bias of its fit.

    Experiments are made at several strengths of the signal. Writes coverage.json, and plots of coverage
    and of the test statistic beside its asymptotic form.
    """
    from darkbelle.fitting.studies.coverage import coverage_study
    from darkbelle.provenance import provenance
    from darkbelle.runfolder import SCHEMA, write_json

    content, level = _workspace(workspace), cl or 0.95
    values = _numbers(strengths) if strengths else _around_the_limit(content, level)
    make, options = maker_of(out, options)
    study = coverage_study(content, values, level, make=make, **options)
    record = provenance(workspace=workspace.name)
    write_json(out / "coverage.json", {"schema": SCHEMA, **study.as_json(), "provenance": record})
    _draw_coverage(content, study, out, make)
    if json_output:
        print_json(study.as_json())
        return
    methods = tuple(study.points[0].coverage)
    print_table(
        f"Coverage at {level:.0%}, {study.toys} experiments at each strength",
        ("strength", *methods, "bias", "pull", "width", "at bound"),
        [
            (
                point.mu,
                *(f"{point.coverage[name].value:.3f} ± {point.coverage[name].error:.3f}" for name in methods),
                f"{point.bias:.3g} ± {point.bias_error:.1g}",
                point.pull_mean,
                point.pull_width,
                point.at_bound,
            )
            for point in study.points
        ],
    )


def _draw_coverage(workspace: dict[str, Any], study: CoverageStudy, out: Path, make: Make) -> None:
    from darkbelle.fitting.fast.asymptotic import analyse
    from darkbelle.fitting.fast.compile import compile_workspace
    from darkbelle.fitting.plots.studies import plot_coverage, plot_statistic
    from darkbelle.fitting.studies.coverage import strength_ensemble
    from darkbelle.fitting.studies.recipes import sound

    _draw(out / "coverage.png", lambda: plot_coverage(study))
    analysis = analyse(compile_workspace(workspace))
    for index, point in enumerate(study.points):
        # these experiments are in the store by now
        (made,) = make([strength_ensemble(workspace, analysis, point.mu, study.toys, study.seed)])
        columns, _ = sound(made)
        figure = partial(plot_statistic, columns["rise_0"], point.mu, columns["asimov_0"])
        _draw(out / f"statistic_{index}.png", figure)


def _workspace(path: Path) -> dict[str, Any]:
    from darkbelle.fitting.sources import content_of

    return content_of(path)


def _numbers(text: str) -> list[float]:
    try:
        return [float(item) for item in text.split(",")]
    except ValueError as error:
        raise click.UsageError(f"--strengths are numbers with commas between, got {text!r}") from error


def _around_the_limit(workspace: dict[str, Any], level: float) -> list[float]:
    from darkbelle.fitting.fast.asymptotic import asymptotic_limits
    from darkbelle.fitting.fast.compile import compile_workspace

    median = asymptotic_limits(compile_workspace(workspace), level).expected[2]
    return [0.0, median / 2, median, 2 * median]


def _draw(path: Path, draw: Callable[[], Any]) -> None:
    from darkbelle.fitting.plots.style import save, styled

    with styled():
        save(draw(), path)


def _show_significance(found: ScanSignificance, place: str) -> None:
    print_table(
        "Local p-values of background",
        (place, "best fit", "significance", "p"),
        [(float(p.place), p.best_fit, p.significance, p.p_value) for p in found.points],
    )
    bound = "" if found.exceeding else "less than "
    say(
        f"largest at {found.largest.place:g}: {found.largest.significance:.2f} standard deviations, local p "
        f"{found.largest.p_value:.3g}; global p {bound}{found.global_p_toys:.3g} ± "
        f"{found.global_p_toys_error:.2g} from {found.toys} experiments, {found.global_p_upcrossings:.3g} "
        f"from {found.mean_upcrossings:.2f} up-crossings of {found.level:g}, at most "
        f"{found.global_p_bonferroni:.3g} by the number of hypotheses"
    )


def _end(failed: dict[float, str], what: str) -> None:
    """Say which masses have no result, and exit with 1 if any."""
    for mass, reason in failed.items():
        say(f"{mass:g} GeV has no {what}: {reason}")
    if failed:
        raise SystemExit(1)
