from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from darkbelle.simulation.generators import generator_names
from darkbelle.simulation.samples import SampleRequest
from darkbelle.validation import Figure, Sizes, Validation, draw, write_page
from darkbelle.validation.peaks import WITHOUT_PHOTONS
from darkbelle.validation.speed import REQUESTS, Speed, speed_of
from darkbelle.validation.tau_observables import TauObservables
from darkbelle.validation.taus import TauSpectra

RNG = np.random.default_rng(1)
ORIGIN = {"time": "2026-11-22T18:00:00+00:00", "revision": "abc", "versions": {"numpy": "2"}}


def made(*figures: Figure) -> Validation:
    observed = TauObservables(*RNG.uniform(0.3, 1.0, (4, 300)))
    spectra = TauSpectra(observed, observed)
    peak = RNG.normal(1.0, 0.01, 200)
    channels = ("K+ mumu", "K+ KK", "K+ ee", f"K+ ee{WITHOUT_PHOTONS}")
    mesons = dict.fromkeys(channels, (5.28 + 0.1 * peak, 0.1 * peak))
    speeds = {("mumu", "dimuon"): Speed(1.0, 2.0, 3.0, 123456.0)}
    return Validation(list(figures), speeds, (1.0, 2.0), spectra, spectra, {"D0": peak}, mesons, {1.0: peak})


def test_the_page_shows_value_known_figure_mark_and_verdict(tmp_path: Path) -> None:
    figures = (
        Figure("Widths", "M(D0)", "MeV", 5.71, 0.14, (5.0, 6.0), "est", "a source", 0.1),
        Figure("Widths", "M(X)", "MeV", 9.0, 0.1, (2.0, 2.0), "pub", "a paper", because="of beams"),
    )
    page = write_page(made(*figures), tmp_path, [], seed=3, sizes=Sizes(), origin=ORIGIN, options=" --seed 3")
    text = page.read_text(encoding="utf-8")
    assert "| M(D0) | 5.71 ± 0.14 MeV | 5 to 6 MeV | est | 10 % + 3 σ | agrees | a source |" in text
    assert "| M(X) | 9 ± 0.1 MeV | 2 MeV | pub | 0 % + 3 σ | differs, because of beams | a paper |" in text
    assert "2 figures: 1 *agrees*, 1 *differs*" in text
    assert "samples validate --out FOLDER --seed 3" in text
    assert "| mumu | dimuon | 1 | 2 | 3 | 123 456 |" in text
    assert "load average of the machine 1.0 before and 2.0 after" in text
    content = json.loads((tmp_path / "validation.json").read_text(encoding="utf-8"))
    assert [item["verdict"] for item in content["figures"]] == ["agrees", "differs, because of beams"]
    assert content["origin"]["revision"] == "abc"


def test_every_plot_is_drawn(tmp_path: Path) -> None:
    files = draw(made(), tmp_path / "plots", 60)
    assert len(files) == 7
    assert all(path.stat().st_size > 5000 for path in files)


def test_speed_is_asked_of_every_process() -> None:
    assert {request.process for request in REQUESTS} == set(generator_names())


def test_speeds_of_steps_are_those_of_the_whole() -> None:
    found = speed_of(SampleRequest("mumu", 1, 1), 400)
    assert all(rate > 0 for rate in found)
    assert found.to_ntuple < min(found[:3])


@pytest.mark.parametrize("factor", [0.5, 1e-6])
def test_sizes_scale_and_stay_above_50(factor: float) -> None:
    assert Sizes().scaled(factor).taus == max(int(factor * Sizes().taus), 50)
