"""Samples of another hypothesis, out of one that was made: the same rows with other weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from darkbelle.datasets import Dataset, write_datasets
from darkbelle.errors import ConfigurationError
from darkbelle.ntuple.names import resolve
from darkbelle.ntuple.tables import Table, open_table
from darkbelle.ntuple.writing import write_ntuple
from darkbelle.simulation.events import LEFT_HANDED
from darkbelle.simulation.lepton_alpha import Chirality
from darkbelle.simulation.reweighting import (
    MASS_WINDOW,
    branching_fraction_weights,
    chirality_weights,
    effective_size,
    lifetime_weights,
    mass_window_weights,
)
from darkbelle.simulation.tau_modes import branching_fractions
from darkbelle.vectors import Column

__all__ = ["Hypothesis", "Reweighted", "hypothesis_weights", "reweight_sample"]

WEIGHT: Final = "__weight__"
TAU_MODES: Final = ("genTauMinusMode", "genTauPlusMode")


@dataclass(frozen=True)
class Hypothesis:
    """What a sample is to be of; None leaves it as it was made.

    Parameters
    ----------
    ctau_cm
        Mean proper decay length of S in B → K(*) S, cm.
    tau_fractions
        Branching fractions of some τ decay modes; the others are scaled, as of
        `darkbelle.simulation.tau_modes.branching_fractions`.
    chirality
        Of the coupling of τ → lα.
    mass
        Of α, GeV, out of a sample made with a range of ``masses``.
    mass_window
        See `darkbelle.simulation.reweighting.mass_window_weights`, GeV².
    """

    ctau_cm: float | None = None
    tau_fractions: Mapping[str, float] | None = None
    chirality: Chirality | None = None
    mass: float | None = None
    mass_window: float = MASS_WINDOW

    @property
    def label(self) -> str:
        """What names of samples end with."""
        parts = {
            "ctau": None if self.ctau_cm is None else f"{self.ctau_cm:g}",
            "": self.chirality and self.chirality.replace("-", "m").replace("+", "p"),
            "mass": None if self.mass is None else f"{self.mass:g}",
            **{name: f"{fraction:g}" for name, fraction in (self.tau_fractions or {}).items()},
        }
        return "".join(f"_{name}{value}" for name, value in parts.items() if value is not None)


class Reweighted(NamedTuple):
    """A reweighted sample.

    name, dataset
        As in its dataset file.
    rows
        Of weight above 0, which are written.
    mean
        Of the weights of all rows that there were: the ratio of what is accepted.
    effective
        Rows of weight 1 that are worth as much, see `darkbelle.simulation.reweighting.effective_size`.
    """

    name: str
    dataset: Dataset
    rows: int
    mean: float
    effective: float


def hypothesis_weights(rows: Mapping[str, Column], options: Mapping[str, Any], wanted: Hypothesis) -> Column:
    """Return the weight of each row, the product of those of all that is wanted otherwise, shape (n,).

    Parameters
    ----------
    rows
        Truth columns by basf2 variable; those of the ntuple of a sample.
    options
        Of the generator that made it, as in ``origin`` of its dataset.

    Raises
    ------
    ConfigurationError
        The sample was not made for such weights, or cannot be weighted so far.
    """
    weights = np.ones(len(rows[WEIGHT]))
    if wanted.ctau_cm is not None:
        lengths = _column(rows, "genLLPProperLength")
        weights *= lifetime_weights(lengths, _option(options, "ctau_cm"), wanted.ctau_cm)
    if wanted.tau_fractions is not None:
        modes = np.stack([_column(rows, name) for name in TAU_MODES], axis=1).astype(np.int64)
        made = branching_fractions(options.get("branching_fractions"))
        weights *= branching_fraction_weights(modes, made, branching_fractions(wanted.tau_fractions))
    if wanted.chirality is not None:
        asymmetry = _column(rows, LEFT_HANDED)
        weights *= chirality_weights(asymmetry, options.get("chirality", "isotropic"), wanted.chirality)
    if wanted.mass is not None:
        least, largest = _option(options, "masses")
        masses = _column(rows, "genAlphaMass")
        weights *= mass_window_weights(masses, (least, largest), wanted.mass, wanted.mass_window)
    return weights


def reweight_sample(name: str, dataset: Dataset, wanted: Hypothesis, out: str | Path) -> Reweighted:
    """Write the rows of a sample with their weights for a hypothesis, and ``<name>.yaml`` beside them.

    Weights go into ``__weight__``, which every channel reads. The cross section and the number generated
    stay, so that weights change the rate as they should. Rows of weight 0 are left out.

    Parameters
    ----------
    name, dataset
        Of the sample as made, with absolute paths: as of `darkbelle.datasets.read_datasets`.
    wanted
        What it is to be of.
    out
        Folder; the files go into a folder of the new name in it.

    Raises
    ------
    ConfigurationError
        The sample is not one of darkbelle's, was reweighted before, or cannot be what is wanted.
    """
    options = dataset.origin.get("options")
    if options is None or "reweighted" in dataset.origin:
        raise ConfigurationError(
            f"dataset {name!r} does not say how it was made, or was reweighted already; take one as "
            "`darkbelle simulate` or `darkbelle samples make` writes it"
        )
    if not wanted.label:
        raise ConfigurationError(f"nothing of the sample {name!r} is to change; say what")
    folder, new_name = Path(out), name + wanted.label
    written: list[str] = []
    weights: list[Column] = []
    for file in dataset.files:
        rows = _all_columns(open_table(file, dataset.tree))
        factor = hypothesis_weights(rows, options, wanted)
        kept = factor != 0.0
        columns = {column: values[kept] for column, values in rows.items()}
        columns[WEIGHT] = columns[WEIGHT] * factor[kept]
        target = folder / new_name / f"{new_name}_{len(written):04d}.root"
        write_ntuple(target, columns, tree=dataset.tree, codec="lz4")
        written.append(target.relative_to(folder).as_posix())
        weights.append(factor)
    every = np.concatenate(weights)
    if not every.any():
        raise ConfigurationError(f"no row of the sample {name!r} has a weight above 0: it cannot be {wanted}")
    changes = {
        "files": tuple(written),
        "mass": dataset.mass if wanted.mass is None else wanted.mass,
        "origin": {**dataset.origin, "reweighted": {"from": name, "to": _plain(wanted)}},
    }
    made = dataset.model_copy(update=changes)
    write_datasets(folder / f"{new_name}.yaml", {new_name: made})
    return Reweighted(
        new_name, made, int(np.count_nonzero(every)), float(every.mean()), effective_size(every)
    )


def _plain(wanted: Hypothesis) -> dict[str, Any]:
    plain = {
        "ctau_cm": wanted.ctau_cm,
        "tau_fractions": None if wanted.tau_fractions is None else dict(wanted.tau_fractions),
        "chirality": wanted.chirality,
        "mass": wanted.mass,
        "mass_window": None if wanted.mass is None else wanted.mass_window,
    }
    return {name: value for name, value in plain.items() if value is not None}


def _all_columns(table: Table) -> dict[str, Any]:
    return {name: table.read(name, 0, table.entries) for name in table.types if name not in table.jagged}


def _column(rows: Mapping[str, Column], variable: str) -> Column:
    name = resolve(variable, rows)
    values = None if name is None else np.asarray(rows[name])
    if values is None or np.isnan(values).any():
        raise ConfigurationError(
            f"the ntuple {'has no column' if values is None else 'has NaN in'} {variable!r}, which these "
            "weights are made of; make the sample with a generator and a steering that know it"
        )
    return values


def _option(options: Mapping[str, Any], name: str) -> Any:
    if name not in options:
        raise ConfigurationError(
            f"the sample was made without the option {name!r} of its generator, got {dict(options)}; it "
            "cannot be weighted to another value"
        )
    return options[name]
