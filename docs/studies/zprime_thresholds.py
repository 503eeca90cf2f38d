"""Where the thresholds of the τ suppression of `zprime_invisible` come from.

::

    make demo
    python docs/studies/zprime_thresholds.py demo/samples/datasets.yaml

applies all other cuts, and prints for each choice of shares the geometric mean over the masses of
Punzi's figure of merit: the smallest cross section in fb that would be found at a = 3σ with 90 %
probability (b = 1.28155), arXiv:physics/0308063, in the form of EPJC 82, 121. The background B of a
window of two σ around each mass gets one event of each sample on top, so that an empty window is not
taken for a pure one. No published limit enters.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import NamedTuple

import click
import numpy as np

from darkbelle.beams import NOMINAL
from darkbelle.channels import load_channel
from darkbelle.datasets import Dataset, read_datasets
from darkbelle.ntuple.describing import describe_file
from darkbelle.ntuple.keys import keys_of_rows
from darkbelle.ntuple.reading import Layout, RowRange, open_rows
from darkbelle.processors import load_processor
from darkbelle.processors.base import one_candidate, read_columns
from darkbelle.selections.cuts import evaluate
from darkbelle.selections.zprime_invisible import Thresholds, kinematics, signal_region
from darkbelle.vectors import Column

CHANNEL = load_channel("zprime_invisible")
A, B = 3.0, 1.28155
OFF = replace(Thresholds(), min_pt_pair_share=0.0, min_fast_muon_share=0.0)
SCAN = tuple(product(np.arange(0.4, 0.71, 0.05), np.arange(0.15, 0.41, 0.05), (2.0, 4.0, 9.0)))


class Sample(NamedTuple):
    """Recoil mass² and the two shares, shape (3, n), of events that pass all other cuts."""

    values: Column
    weight: float

    def near(self, mass: float, half_width: float) -> Sample:
        """Return the events in a window of recoil mass², GeV²."""
        return Sample(self.values[:, np.abs(self.values[0] - mass**2) < half_width], self.weight)

    def passing(self, at: tuple[float, float, float]) -> int:
        """Return how many events pass the two shares, which rise up to a recoil mass²."""
        rise = np.clip(self.values[0] / at[2], 0, 1)
        return int(((self.values[1] > at[0] * rise) & (self.values[2] > at[1] * rise)).sum())


class Window(NamedTuple):
    """What is near a mass hypothesis; the signal's window is ``share`` of that of the backgrounds."""

    signal: Sample
    generated: int
    backgrounds: list[Sample]
    share: float

    def figure_of_merit(self, at: tuple[float, float, float]) -> float:
        """Return Punzi's figure of merit, fb."""
        background = self.share * sum((item.passing(at) + 1) * item.weight for item in self.backgrounds)
        efficiency = max(self.signal.passing(at), 1) / self.generated
        root = np.sqrt(background)
        bracket = A**2 / 8 + 9 * B**2 / 13 + A * root + B / 2 * np.sqrt(B**2 + 4 * A * root + 4 * background)
        return float(bracket / (efficiency * CHANNEL.luminosity_fb))


def preselected(dataset: Dataset) -> Sample:
    """Return what passes all other cuts."""
    processor, found = load_processor(CHANNEL.name), []
    for path in dataset.files:
        entries = describe_file(path, dataset.tree).entries
        rows = open_rows(RowRange(path, dataset.tree, 0, entries), Layout.of(CHANNEL, dataset))
        columns = read_columns(rows, processor.reads)
        columns["is_best_candidate"] = one_candidate(keys_of_rows(rows), seed=1)
        columns |= kinematics(columns, NOMINAL.four_vector)
        selected = evaluate(signal_region(OFF), columns).selected
        names = ("m2_recoil", "pt_pair_share", "fast_muon_share")
        found.append(np.array([columns[name][selected] for name in names]))
    return Sample(np.concatenate(found, axis=1), dataset.scale_to(CHANNEL.luminosity_fb))


def windows(datasets: dict[str, Dataset]) -> list[Window]:
    """Return the window of each mass: two σ for the signal, at least 1 GeV² for the backgrounds."""
    samples = {name: preselected(dataset) for name, dataset in datasets.items()}
    backgrounds = [samples[name] for name, dataset in datasets.items() if dataset.mass is None]
    found = []
    for name, dataset in datasets.items():
        if dataset.mass is not None and dataset.generated_events is not None:
            core = samples[name].near(dataset.mass, 1.5).values[0]
            two_sigma = float(np.subtract(*np.quantile(core, (0.8413, 0.1587))))
            wide = max(two_sigma, 1.0)
            signal = samples[name].near(dataset.mass, two_sigma)
            others = [item.near(dataset.mass, wide) for item in backgrounds]
            found.append(Window(signal, dataset.generated_events, others, two_sigma / wide))
    return found


@click.command()
@click.argument("datasets", type=click.Path(path_type=Path))
def main(datasets: Path) -> None:
    """Scan thresholds on the samples of a dataset file, and print the best ones."""
    near = windows(read_datasets(datasets))
    merits = [(float(np.exp(np.mean([np.log(w.figure_of_merit(at)) for w in near]))), at) for at in SCAN]
    for merit, (pair, fast, full) in sorted(merits)[:15]:
        cuts = f"pt_pair_share > {pair:.2f}  fast_muon_share > {fast:.2f}  in full from {full:g} GeV²"
        click.echo(f"{merit:6.2f} fb  {cuts}")


if __name__ == "__main__":
    main()
