from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from darkbelle.errors import ConfigurationError, RunError
from darkbelle.fitting.interpretation import (
    TOO_WIDE,
    CrossSection,
    interpret,
    magnetic_moment_band,
    read_curve,
    read_interpretation,
)
from darkbelle.fitting.limit_results import LimitPoint, Limits
from darkbelle.runfolder import LIMITS, write_json

TABLE = CrossSection(np.array([0.1, 1.0, 10.0]), np.array([1e5, 1e4, 1e2]))


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run whose limit at 3 GeV is 4 fb observed, and 1, 2, 4, 9, 16 fb expected."""
    point = LimitPoint(3.0, 4.0, (1.0, 2.0, 4.0, 9.0, 16.0), {"resolution": 0.5}, ("a remark",))
    limits = Limits(
        channel="zprime_invisible",
        poi="cross_section",
        unit="fb",
        confidence_level=0.90,
        method="by hand",
        engine="none",
        luminosity_fb=79.7,
        data="pseudo",
        seed=1,
        points=(point,),
    )
    write_json(tmp_path / LIMITS, limits.as_json())
    return tmp_path


def test_coupling_is_the_root_of_the_cross_section_ratio(run: Path) -> None:
    flat = CrossSection(np.array([1.0, 10.0]), np.array([400.0, 400.0]))
    point = interpret(run, "fully_invisible", flat).points[0]
    assert point.observed == pytest.approx(0.1)  # √(4 fb / 400 fb)
    assert point.expected == pytest.approx((0.05, np.sqrt(2) / 20, 0.1, 0.15, 0.2))
    assert point.cross_section_fb == pytest.approx(400.0)


def test_invisible_decays_half_as_frequent_weaken_the_limit_by_their_root(run: Path) -> None:
    vanilla = interpret(run, "vanilla", TABLE).points[0]
    invisible = interpret(run, "fully_invisible", TABLE).points[0]
    assert vanilla.branching_fraction == pytest.approx(0.5, rel=1e-4)
    assert vanilla.observed / invisible.observed == pytest.approx(np.sqrt(2), rel=1e-4)


def test_the_file_is_what_was_returned(run: Path) -> None:
    interpretation = interpret(run, "vanilla", TABLE)
    assert read_interpretation(run, "vanilla") == interpretation
    content = json.loads((run / "interpretation_vanilla.json").read_text())
    assert content["provenance"]["inputs"]["model"] == "vanilla"
    assert content["points"][0]["flags"] == ["a remark"]


def test_a_boson_wider_than_the_resolution_is_flagged(run: Path) -> None:
    # g′ = √(4/4) = 1: Γ = 3 (1 + 1)/12π = 0.159 GeV, 2MΓ = 0.95 GeV² > 0.5 GeV²
    small = CrossSection(np.array([1.0, 10.0]), np.array([4.0, 4.0]))
    point = interpret(run, "fully_invisible", small).points[0]
    assert point.width_m2 == pytest.approx(0.955, abs=1e-3)
    assert point.flags == ("a remark", TOO_WIDE)


def test_an_unknown_model_and_an_unfitted_run_are_errors(run: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="there are: vanilla, fully_invisible"):
        interpret(run, "chocolate", TABLE)  # type: ignore[arg-type]  # as a user may type it
    with pytest.raises(RunError, match=r"limits\.json does not exist"):
        interpret(tmp_path / "nowhere", "vanilla", TABLE)


def test_table_is_met_at_its_points_and_monotonic_between() -> None:
    assert TABLE.at(1.0) == pytest.approx(1e4)
    values = [TABLE.at(float(mass)) for mass in np.linspace(0.1, 10.0, 50)]
    assert np.all(np.diff(values) < 0)


def test_masses_outside_the_table_are_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"from 0\.1 to 10 GeV"):
        TABLE.at(10.3)


def test_the_package_ships_a_table_for_all_masses_of_the_channel() -> None:
    table = CrossSection.read()
    values = [table.at(mass) for mass in (0.5, 1.0, 2.0, 5.0, 8.5)]
    assert np.all(np.diff(values) < 0)
    # physics.md section 4 of stack-notes: 1.002 pb at 1 GeV for g′ = 0.1, from Sherpa, before radiation
    assert 0.01 * table.at(1.0) == pytest.approx(1002.0, rel=0.3)


def test_a_table_without_the_columns_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("m,sigma\n1,2\n")
    with pytest.raises(ConfigurationError, match="expected columns 'mass'"):
        CrossSection.read(path)


def test_the_band_of_the_magnetic_moment_is_two_deviations_wide() -> None:
    low, high = magnetic_moment_band(np.array([1.0, 5.0]))
    # g′² is proportional to Δa: (251 + 118)/(251 − 118) = 2.774
    np.testing.assert_allclose((high / low) ** 2, (251 + 118) / (251 - 118))


def test_a_curve_is_read_with_its_comments(tmp_path: Path) -> None:
    path = tmp_path / "curve.csv"
    path.write_text("# mass, g\n1,0.1\n2,0.2\n")
    mass, coupling = read_curve(path)
    np.testing.assert_array_equal(mass, [1.0, 2.0])
    np.testing.assert_array_equal(coupling, [0.1, 0.2])


def test_a_bad_curve_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="is not a curve"):
        read_curve(tmp_path / "none.csv")


@pytest.mark.reference
def test_the_published_curve_of_276_per_picobarn_is_read(reference: Path) -> None:
    mass, coupling = read_curve(reference / "limits" / "zprime_276pb_gprime.csv")
    assert coupling[np.searchsorted(mass, 1.0)] == pytest.approx(0.051, abs=1e-3)
