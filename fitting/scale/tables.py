"""Momentum-scale factors as a correctionlib file, schema 2."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import numpy as np

from darkbelle.fitting.scale.factors import ScaleBias
from darkbelle.provenance import provenance
from darkbelle.runfolder import SCALE_FACTORS, SCALE_UNCERTAINTY, write_bytes

__all__ = ["write_table"]

CHARGES: Final = [-2.0, 0.0, 2.0]


def write_table(path: Path, bias: ScaleBias) -> None:
    """Write factors that measured momenta are to be multiplied by, ``nominal``, ``up`` and ``down``.

    ``up`` and ``down`` are larger and smaller by one standard deviation of each factor; how they are
    correlated stands in the run folder's ``fit.json``. Outside of its bins the table is an error. A second
    correction is the standard deviation of the mean over all tracks.
    """
    made = provenance()
    text = (
        "Factor for momenta of tracks, by lab cosθ and charge, from D*+ -> D0(K-pi+)pi+ against the PDG's "
        f"mass of the D0. Made by {made['made_by']}, revision {made['revision']}, {made['time']}."
    )
    variations = {"nominal": 0.0, "up": 1.0, "down": -1.0}
    nominal = 1 / (1 + bias.values)
    by_variation = [
        {"key": name, "value": _binned(bias, nominal + sign * bias.errors)}
        for name, sign in variations.items()
    ]
    inputs = [
        {"name": "variation", "type": "string", "description": "nominal, up or down"},
        {"name": "cos_theta", "type": "real", "description": "cosine of the polar angle, lab"},
        {"name": "charge", "type": "real", "description": "-1 or +1"},
    ]
    corrections = [
        {
            "name": SCALE_FACTORS,
            "description": text,
            "version": 1,
            "inputs": inputs,
            "output": {"name": "factor", "type": "real", "description": "for px, py and pz"},
            "data": {"nodetype": "category", "input": "variation", "content": by_variation},
        },
        {
            "name": SCALE_UNCERTAINTY,
            "description": "Relative standard deviation of the scale averaged over tracks.",
            "version": 1,
            "inputs": [],
            "output": {"name": "uncertainty", "type": "real"},
            "data": bias.mean_error,
        },
    ]
    content = {"schema_version": 2, "description": text, "corrections": corrections}
    write_bytes(path, json.dumps(content, indent=1).encode() + b"\n")


def _binned(bias: ScaleBias, factors: Any) -> dict[str, Any]:
    bins = len(bias.cos_theta) - 1
    # charge runs fastest
    content = np.stack([factors[:bins], factors[bins:]], axis=1).ravel()
    return {
        "nodetype": "multibinning",
        "inputs": ["cos_theta", "charge"],
        "edges": [bias.cos_theta.tolist(), CHARGES],
        "content": content.tolist(),
        "flow": "error",
    }
