"""``darkbelle simulate`` and ``samples``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from darkbelle.jobs.commands.example import ExampleCommand
from darkbelle.jobs.commands.output import as_json, print_json, print_table
from darkbelle.jobs.commands.parameters import FOLDER, SEED, WORKERS

if TYPE_CHECKING:
    from darkbelle.simulation.samples.catalogue import Size

SIZES: Final[tuple[Size, ...]] = (
    "small",
    "demo",
    "full",
)  # as darkbelle.simulation.samples has them, which is slow to import

DETECTOR = click.option(
    "--detector",
    multiple=True,
    metavar="PART.NAME=VALUE",
    help="A number of the detector that is not the nominal one, as momentum_scale.strength=1.",
)
OUT = click.option("--out", required=True, type=FOLDER, help="Folder of the ntuples.")


@click.command(
    cls=ExampleCommand,
    example="darkbelle simulate zprime --option mass=2 --events 10000 --seed 7 --out samples",
)
@click.argument("process")
@click.option(
    "--events", required=True, type=click.IntRange(min=1), help="Events that pass the generator's filter."
)
@click.option("--option", "options", multiple=True, metavar="NAME=VALUE", help="Option of the generator.")
@click.option(
    "--steering", default="dimuon", show_default=True, help="What is reconstructed and written, a row each."
)
@DETECTOR
@click.option("--region", help="Of the channel, for a control sample whose candidates are for one only.")
@SEED
@OUT
@WORKERS
@as_json
def simulate(  # click's options
    process: str,
    events: int,
    options: tuple[str, ...],
    steering: str,
    detector: tuple[str, ...],
    region: str | None,
    seed: int,
    out: Path,
    workers: int,
    json_output: bool,
) -> None:
    """Simulate collisions of one process, and write ntuples with their dataset file.

    Blocks of events that were made before, with the same seed, options and code, are kept.
    """
    from darkbelle.jobs.options import parse_options
    from darkbelle.jobs.progress import counter
    from darkbelle.simulation.samples import simulate_sample

    with counter("simulating") as progress:
        dataset = simulate_sample(
            process,
            events,
            seed,
            out,
            parse_options(options),
            steering=steering,
            detector=parse_options(detector),
            region=region,
            workers=workers,
            progress=progress,
        )
    if json_output:
        print_json(dataset.model_dump(mode="json"))
    else:
        click.echo(
            f"{len(dataset.files)} files of {process}: {dataset.generated_events} events generated, "
            f"{dataset.cross_section_fb:.6g} fb; dataset file in {out}"
        )


@click.group()
def samples() -> None:
    """List or make the samples that a channel needs."""


@samples.command("list", cls=ExampleCommand, example="darkbelle samples list zprime_invisible")
@click.argument("channel", default="zprime_invisible")
@as_json
def list_samples(channel: str, json_output: bool) -> None:
    """List the samples of a channel, or of control samples, and their events in each size.

    Without such a channel, the message names those that there are.
    """
    from darkbelle.simulation.samples import catalogue

    by_size = {size: catalogue(channel, size, seed=1) for size in SIZES}
    rows = [
        (
            request.process,
            _assignments(request.options),
            request.steering,
            *(by_size[size][i].events for size in SIZES),
        )
        for i, request in enumerate(by_size[SIZES[0]])
    ]
    columns = ("process", "options", "steering", *SIZES)
    if json_output:
        print_json([dict(zip(columns, row, strict=True)) for row in rows])
    else:
        print_table(f"Samples of {channel}, events by size", columns, rows)


@samples.command("cost", cls=ExampleCommand, example="darkbelle samples cost tau_mass --events 500")
@click.argument("channel", default="zprime_invisible")
@click.option(
    "--events", default=500, show_default=True, type=click.IntRange(min=1), help="Events made of each sample."
)
@as_json
def cost(channel: str, events: int, json_output: bool) -> None:
    """Measure what each sample of a channel costs on this machine, and say how it is made.

    Cross sections are those of what is generated, with forced decays.
    """
    from darkbelle.simulation.samples import catalogue, cost_of

    columns = ("process", "options", "σ·B [fb]", "events/s", "bytes/event", "rows/event", "made by")
    rows = []
    for request in catalogue(channel, "small", seed=1):
        found = cost_of(request, events)
        figures = (found.events_per_second, found.bytes_per_event, found.rows_per_event)
        rows.append(
            (
                request.process,
                _assignments(request.options),
                f"{found.cross_section_fb:.6g}",
                *(f"{figure:.3g}" for figure in figures),
                found.made_by,
            )
        )
    if json_output:
        print_json([dict(zip(columns, row, strict=True)) for row in rows])
    else:
        print_table(f"Samples of {channel}: cost", columns, rows)


@samples.command(
    "make",
    cls=ExampleCommand,
    example="darkbelle samples make zprime_invisible --size small --out samples --workers 2",
)
@click.argument("channel", default="zprime_invisible")
@click.option("--size", default="small", show_default=True, type=click.Choice(SIZES), help="How many events.")
@DETECTOR
@SEED
@OUT
@WORKERS
def make_samples(
    channel: str, size: Size, detector: tuple[str, ...], seed: int, out: Path, workers: int
) -> None:
    """Simulate all samples of a channel, with one dataset file.

    Two detectors see the same events for the same seed.
    """
    from darkbelle.jobs.options import parse_options
    from darkbelle.jobs.progress import counter
    from darkbelle.simulation.samples import make_catalogue

    with counter("simulating") as progress:
        datasets = make_catalogue(
            channel,
            size,
            out,
            seed=seed,
            detector=parse_options(detector),
            workers=workers,
            progress=progress,
        )
    click.echo(f"{len(datasets)} datasets in {out / 'datasets.yaml'}")


@samples.command(
    "validate", cls=ExampleCommand, example="darkbelle samples validate --out validation --scale 0.2"
)
@SEED
@OUT
@click.option(
    "--scale",
    default=1.0,
    show_default=True,
    type=click.FloatRange(min=0, min_open=True),
    help="Multiplies the numbers of events.",
)
def validate_samples(seed: int, out: Path, scale: float) -> None:
    """Write a page on the simulation beside what is known, with a verdict on each figure.

    Widths, efficiencies, spectra of τ decays against Pythia's amplitudes, cross sections, events a second:
    some minutes. Pythia's τ pairs are kept in the folder.
    """
    from darkbelle.provenance import provenance
    from darkbelle.validation import Sizes, draw, validate, write_page

    out.mkdir(parents=True, exist_ok=True)
    sizes = Sizes().scaled(scale)
    found = validate(sizes, seed, out / "pythia", lambda part: click.echo(part, err=True))
    plots = draw(found, out, sizes.single // 4)
    options = "".join(
        f" --{name} {value:g}"
        for name, value, usual in (("seed", seed, 1), ("scale", scale, 1))
        if value != usual
    )
    page = write_page(found, out, plots, seed=seed, sizes=sizes, origin=provenance(), options=options)
    differing = [figure for figure in found.figures if figure.known is not None and not figure.agrees]
    for figure in differing:
        click.echo(f"{figure.name}: {figure.value:.4g} {figure.unit}, {figure.verdict}")
    click.echo(f"{len(found.figures)} figures, {len(differing)} differ; {page}")


def _assignments(options: Mapping[str, object]) -> str:
    return " ".join(f"{name}={value}" for name, value in options.items())
