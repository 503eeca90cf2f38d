from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from darkbelle.errors import ConfigurationError
from darkbelle.processors.registry import load_processor
from darkbelle.processors.tau_mass import TauMass
from darkbelle.selections.measured_energy import MeasuredEnergy, read_measured_energy

CONTENT = {"parameter": "sqrt_s", "unit": "MeV", "value": 10_000.0, "stat": 0.3, "syst": 0.4}


def written(folder: Path, content: Any) -> Path:
    path = folder / "fit.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def test_the_uncertainty_is_both_together_and_relative(tmp_path: Path) -> None:
    found = read_measured_energy(written(tmp_path, CONTENT))
    assert found.sqrt_s == pytest.approx(10.0)
    assert found.uncertainty == pytest.approx(5e-5)
    assert len(found.source) == 64


def test_a_processor_keeps_what_the_file_said(tmp_path: Path) -> None:
    path = written(tmp_path, CONTENT)
    processor = load_processor("tau_mass", {"beam_energy": str(path)})
    path.unlink()
    assert isinstance(processor, TauMass)
    assert isinstance(processor.beam_energy, MeasuredEnergy)
    assert processor.beam_energy.uncertainty == pytest.approx(5e-5)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("no JSON", "not the fit.json of a measurement"),
        ({"parameter": "momentum_scale"}, "not the fit.json of a measurement"),
        ({**CONTENT, "parameter": "tau_mass"}, "measures 'tau_mass' in MeV, expected 'sqrt_s'"),
    ],
)
def test_other_files_are_refused_with_the_cure(tmp_path: Path, content: Any, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words) as caught:
        read_measured_energy(written(tmp_path, content))
    assert "channel beam_energy" in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"none\.json"):
        read_measured_energy(tmp_path / "none.json")
