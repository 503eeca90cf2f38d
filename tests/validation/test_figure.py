from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from darkbelle.errors import ConfigurationError
from darkbelle.validation.figure import Figure, half_width, half_width_error, share


def figure(value: float, error: float = 0.0, **changed: object) -> Figure:
    given: dict[str, object] = {"known": (2.0, 3.0), "mark": "est", "source": "nowhere", "because": "of it"}
    return Figure("section", "width", "MeV", value, error, **(given | changed))  # type: ignore[arg-type]  # mixed


@pytest.mark.parametrize(
    ("value", "error", "tolerance", "verdict"),
    [
        (2.5, 0.0, 0.0, "agrees"),
        (3.2, 0.0, 0.0, "differs, because of it"),
        (3.2, 0.0, 0.1, "agrees"),  # a tenth of the nearer end
        (1.85, 0.0, 0.1, "agrees"),
        (1.75, 0.0, 0.1, "differs, because of it"),
        (3.2, 0.1, 0.0, "agrees"),  # three errors
        (3.4, 0.1, 0.0, "differs, because of it"),
        (math.nan, 0.0, 0.5, "differs, because of it"),
    ],
)
def test_the_verdict_follows_from_numbers(value: float, error: float, tolerance: float, verdict: str) -> None:
    assert figure(value, error, tolerance=tolerance).verdict == verdict


def test_what_a_model_is_set_to_is_no_evidence_but_may_still_differ() -> None:
    assert figure(2.5, set_to_it=True).verdict == "set to it, no evidence"
    assert figure(5.0, set_to_it=True).verdict == "differs, because of it"


def test_without_a_reason_a_difference_is_not_understood() -> None:
    assert figure(5.0, because="").verdict == "differs, not understood"


def test_without_a_known_figure_there_is_no_verdict() -> None:
    assert figure(5.0, known=None).verdict == "no known figure"


@pytest.mark.parametrize("changed", [{"mark": None}, {"source": ""}, {"known": (3.0, 2.0)}])
def test_known_figures_carry_mark_and_source(changed: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match="mark, a source"):
        figure(2.5, **changed)


def test_half_width_is_the_standard_deviation_of_gaussians_and_blind_to_tails() -> None:
    values = np.random.default_rng(1).normal(3.0, 0.7, 40_000)
    assert half_width(values) == pytest.approx(0.7, abs=4 * half_width_error(values))
    values[:400] = 1e6
    assert half_width(values) == pytest.approx(0.7, rel=0.04)


def test_the_error_of_half_width_is_its_spread() -> None:
    samples = np.random.default_rng(2).normal(size=(1000, 500))
    spread = np.std([half_width(sample) for sample in samples])
    assert half_width_error(samples[0]) == pytest.approx(spread, rel=0.15)


def test_no_values_have_no_width() -> None:
    assert math.isnan(half_width(np.zeros(0)))
    assert share(0, 0)[1] == math.inf
