"""``darkbelle reweight``."""

from __future__ import annotations

from pathlib import Path

import click

from darkbelle.jobs.commands.example import ExampleCommand
from darkbelle.jobs.commands.output import as_json, print_json
from darkbelle.jobs.commands.parameters import FILE, FOLDER


@click.command(
    cls=ExampleCommand,
    example="darkbelle reweight samples/datasets.yaml --sample b_to_k_s_K+_mumu_1_10 --ctau 3 --out other",
)
@click.argument("datasets", type=FILE)
@click.option("--sample", required=True, help="Name of the dataset, as it was simulated.")
@click.option("--ctau", type=float, help="Mean proper decay length of S in B → K S, cm.")
@click.option(
    "--tau-mode", "tau_modes", multiple=True, metavar="MODE=FRACTION", help="Branching fraction of a τ mode."
)
@click.option("--chirality", type=click.Choice(["V-A", "V+A"]), help="Of τ → lα, of a sample made isotropic.")
@click.option("--mass", type=float, help="Of α, GeV, of a sample made with a range of masses.")
@click.option("--mass-window", type=float, help="Half of what is taken about the squared mass, GeV².")
@click.option("--out", required=True, type=FOLDER, help="Folder of the files written.")
@as_json
def reweight(
    datasets: Path,
    sample: str,
    ctau: float | None,
    tau_modes: tuple[str, ...],
    chirality: str | None,
    mass: float | None,
    mass_window: float | None,
    out: Path,
    json_output: bool,
) -> None:
    """Make the sample of another hypothesis out of one, by weights.

    The rows stay what they are, with weights that all channels read; those of weight 0 are left out.
    """
    from darkbelle.datasets import read_datasets
    from darkbelle.errors import ConfigurationError
    from darkbelle.jobs.options import parse_options
    from darkbelle.simulation.reweighting import MASS_WINDOW
    from darkbelle.simulation.samples.reweighted import Hypothesis, reweight_sample

    known = read_datasets(datasets)
    if sample not in known:
        raise ConfigurationError(f"{datasets} has no dataset {sample!r}, it has: {', '.join(known)}")
    wanted = Hypothesis(
        ctau,
        parse_options(tau_modes) or None,
        chirality,  # type: ignore[arg-type]  # click has checked it
        mass,
        MASS_WINDOW if mass_window is None else mass_window,
    )
    done = reweight_sample(sample, known[sample], wanted, out)
    if json_output:
        print_json(done._asdict() | {"dataset": done.dataset.model_dump(mode="json")})
    else:
        click.echo(
            f"{done.rows} rows of {done.name}, mean weight {done.mean:.4g}, worth {done.effective:.0f} rows "
            f"of weight 1; dataset file in {out}"
        )
