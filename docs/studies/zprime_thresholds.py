"""Where the thresholds of the τ suppression of `zprime_invisible` come from.

::

    python docs/studies/zprime_thresholds.py FOLDER

simulates signal and backgrounds (three minutes), applies all other cuts, and prints for each choice of
thresholds the mean over the masses of Punzi's figure of merit: the smallest cross section in fb that
would be found at a = 3σ with 90 % probability (b = 1.28155), arXiv:physics/0308063, in the form of
EPJC 82, 121. The background B of a window of two σ around each mass gets one event of each sample on
top, so that an empty window is not taken for a pure one. No published limit enters.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any, Final

import click
import numpy as np
import uproot

from darkbelle.beams import NOMINAL
from darkbelle.channels import load_channel
from darkbelle.datasets import Dataset, read_datasets
from darkbelle.ntuple.keys import keys_of_rows
from darkbelle.ntuple.reading import Layout, RowRange, open_rows
from darkbelle.processors import load_processor
from darkbelle.processors.base import one_candidate, read_columns
from darkbelle.selections.cuts import evaluate
from darkbelle.selections.zprime_invisible import Thresholds, kinematics, signal_region
from darkbelle.simulation.samples.making import simulate_sample

CHANNEL = load_channel("zprime_invisible")
A, B = 3.0, 1.28155
SAMPLES: Final[tuple[tuple[str, int, dict[str, Any]], ...]] = (
    *(("zprime", 4_000, {"mass": mass}) for mass in CHANNEL.masses),
    ("mumu", 150_000, {"min_photon_pt": 0.4}),
    ("tautau", 60_000, {"modes": ["mu", "mu"]}),
    ("tautau", 30_000, {"modes": ["mu", "pi"]}),
    ("tautau", 30_000, {"modes": ["mu", "pipi0"]}),
    ("eemumu", 120_000, {"min_momentum": 0.5, "min_recoil_pt": 0.6}),
)
OFF = replace(
    Thresholds(),
    min_pt_pair=0.0,
    min_recoil_transverse_to_fast_muon=0.0,
    min_recoil_transverse_to_slow_muon=0.0,
)
VARIABLES = ("pt_pair", "recoil_transverse_to_fast_muon", "recoil_transverse_to_slow_muon")


def preselected(dataset: Dataset) -> Any:
    """Return recoil mass² and the three variables of events that pass all other cuts, shape (4, n)."""
    processor, found = load_processor(CHANNEL.name), []
    for path in dataset.files:
        with uproot.open(path) as file:
            source = RowRange(path, dataset.tree, 0, file[dataset.tree].num_entries)
        rows = open_rows(source, Layout.of(CHANNEL, dataset))
        columns = read_columns(rows, processor.reads)
        columns["is_best_candidate"] = one_candidate(keys_of_rows(rows), seed=1)
        columns |= kinematics(columns, NOMINAL.four_vector)
        selected = evaluate(signal_region(OFF), columns).selected
        found.append(np.array([columns[name][selected] for name in ("m2_recoil", *VARIABLES)]))
    return np.concatenate(found, axis=1)


def figure_of_merit(efficiency: float, background: float) -> float:
    """Return Punzi's figure of merit, fb."""
    root = np.sqrt(background)
    bracket = A**2 / 8 + 9 * B**2 / 13 + A * root + B / 2 * np.sqrt(B**2 + 4 * A * root + 4 * background)
    return float(bracket / (efficiency * CHANNEL.luminosity_fb)) if efficiency else np.inf


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
def main(folder: Path) -> None:
    """Simulate into FOLDER what is not there yet, scan thresholds, and print the best ones."""
    if not any(folder.glob("*.yaml")):
        for process, events, options in SAMPLES:
            simulate_sample(process, events, 1, folder, options)
    datasets = [d for path in sorted(folder.glob("*.yaml")) for d in read_datasets(path).values()]
    loaded = [(d, preselected(d)) for d in datasets]
    backgrounds = [(e, d.scale_to(CHANNEL.luminosity_fb)) for d, e in loaded if d.mass is None]
    windows = []
    for dataset, events in loaded:
        if dataset.mass is not None and dataset.generated_events is not None:
            low, high = np.quantile(events[0], (0.1587, 0.8413))  # two σ apart
            in_window = [e[:, np.abs(e[0] - dataset.mass**2) < high - low] for e, _ in backgrounds]
            signal = events[:, np.abs(events[0] - dataset.mass**2) < high - low]
            windows.append((signal, dataset.generated_events, in_window))

    def mean(at: tuple[float, ...]) -> float:
        merits = []
        for signal, generated, others in windows:
            passing = [int((at < e[1:].T).all(axis=1).sum()) for e in (signal, *others)]
            expected = sum((n + 1) * w for n, (_, w) in zip(passing[1:], backgrounds, strict=True))
            merits.append(figure_of_merit(passing[0] / generated, expected))
        return float(np.mean(merits))

    scan = product(np.arange(0.8, 1.7, 0.2), np.arange(0.4, 0.9, 0.1), np.arange(0.4, 0.9, 0.1))
    for merit, at in sorted((mean(at), at) for at in scan)[:15]:
        click.echo(
            f"{merit:6.2f} fb  " + "  ".join(f"{n} > {x:.1f}" for n, x in zip(VARIABLES, at, strict=True))
        )


if __name__ == "__main__":
    main()
