"""Tables of the momentum scale: what they say, where they end, and how they are read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import correctionlib
import numpy as np
import pytest

from darkbelle.errors import ConfigurationError
from darkbelle.selections.corrections import MomentumScale, read_momentum_scale

TABLE = MomentumScale((-0.5, 0.0, 0.8), negative=(0.999, 1.001), positive=(0.998, 1.002))


def binned(content: list[float]) -> dict[str, Any]:
    return {
        "nodetype": "multibinning",
        "inputs": ["cos_theta", "charge"],
        "edges": [[-0.5, 0.0, 0.8], [-2.0, 0.0, 2.0]],
        "content": content,
        "flow": "error",
    }


def content(name: str = "momentum_scale") -> dict[str, Any]:
    """A file as another program may write it: charge runs fastest."""
    by_variation = [
        {"key": "up", "value": binned([1.0, 1.0, 1.0, 1.0])},
        {"key": "nominal", "value": binned([0.999, 0.998, 1.001, 1.002])},
    ]
    table = {
        "name": name,
        "version": 1,
        "inputs": [
            {"name": "variation", "type": "string"},
            {"name": "cos_theta", "type": "real"},
            {"name": "charge", "type": "real"},
        ],
        "output": {"name": "factor", "type": "real"},
        "data": {"nodetype": "category", "input": "variation", "content": by_variation},
    }
    return {"schema_version": 2, "corrections": [table]}


def test_each_bin_and_charge_has_its_factor_and_what_is_outside_has_none() -> None:
    cosine = np.array([-0.5, -0.25, 0.0, 0.79, 0.8, -0.51, 0.1, np.nan, 0.1])
    charge = np.array([-1.0, 1.0, -1.0, 1.0, 1.0, -1.0, 0.0, 1.0, np.nan])
    nan = np.nan
    expected = [0.999, 0.998, 1.001, 1.002, nan, nan, nan, nan, nan]
    np.testing.assert_array_equal(TABLE.factors(cosine, charge), expected)


def test_momenta_are_scaled_along_their_direction_and_tracks_outside_are_counted() -> None:
    columns = {
        "a.px": np.array([3.0, 3.0, 0.0]),
        "a.py": np.array([0.0, 0.0, 0.1]),
        "a.pz": np.array([1.0, -1.0, 5.0]),
        "a.charge": np.array([1.0, -1.0, 1.0]),
    }
    changed, counts = TABLE.applied(columns, ["a"])
    np.testing.assert_allclose(changed["a.px"], [3.006, 2.997, 0.0])
    np.testing.assert_allclose(changed["a.pz"], [1.002, -0.999, 5.0])
    assert counts == {"corrected": 2, "outside the table": 1}


def test_a_file_says_what_correctionlib_says_of_it(tmp_path: Path) -> None:
    path = tmp_path / "scale.json"
    path.write_text(json.dumps(content()))
    read = read_momentum_scale(path)
    rng = np.random.default_rng(5)
    cosine, charge = rng.uniform(-0.5, 0.8, 200), rng.choice([-1.0, 1.0], 200)
    table = correctionlib.CorrectionSet.from_file(str(path))["momentum_scale"]
    np.testing.assert_array_equal(read.factors(cosine, charge), table.evaluate("nominal", cosine, charge))
    assert read.uncertainty is None
    assert len(read.source) == 64


def test_a_file_that_is_not_there_or_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="not a correctionlib file"):
        read_momentum_scale(tmp_path / "none.json")
    path = tmp_path / "other.json"
    path.write_text(json.dumps(content("muon_id")))
    with pytest.raises(ConfigurationError, match=r"no correction 'momentum_scale'.*muon_id.*darkbelle fit"):
        read_momentum_scale(path)


@pytest.mark.parametrize(
    ("edges", "negative", "message"),
    [
        ((0.0, 0.0), (1.0,), "rising edges"),
        ((0.0, 0.5, 0.4), (1.0, 1.0), "rising"),
        ((0.0, 1.0), (), "0 and 1"),
    ],
)
def test_a_table_that_cannot_be_is_refused(
    edges: tuple[float, ...], negative: tuple[float, ...], message: str
) -> None:
    with pytest.raises(ConfigurationError, match=message):
        MomentumScale(edges, negative, (1.0,) * (len(edges) - 1))
