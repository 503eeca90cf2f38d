"""Events a second of every process, from generation to the written ntuple, on one core."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

import numpy as np

from darkbelle.beams import NOMINAL
from darkbelle.simulation.collisions import place_in_lab
from darkbelle.simulation.detector import NOMINAL_DETECTOR, detect
from darkbelle.simulation.samples import SampleRequest
from darkbelle.simulation.samples.blocks import make_block
from darkbelle.simulation.steering import steering

__all__ = ["REQUESTS", "Speed", "speed_of"]

T = TypeVar("T")
MASS: Final = {"mass": 5.0}
# every process, as a channel or a control sample uses it
PROCESSES: Final[tuple[tuple[str, dict[str, Any], str], ...]] = (
    ("mumu", {}, "dimuon"),
    ("ee", {}, "lepton_pairs"),
    ("tautau", {}, "dimuon"),
    ("tautau", {"modes": ("3prong", "1prong")}, "tau_3x1"),
    ("tau_to_lalpha", {"lepton": "e", "mass": 1.0}, "tau_3x1"),
    ("eemumu", {}, "dimuon"),
    ("eetautau", {}, "four_tracks"),
    ("mumumumu", {}, "four_tracks"),
    ("mumutautau", {}, "four_tracks"),
    ("zprime", {"mass": 1.0}, "dimuon"),
    ("zprime_tautau", MASS, "four_tracks"),
    ("scalar_tautau", MASS, "four_tracks"),
    ("alp_tautau", MASS, "four_tracks"),
    ("uubar", {}, "tau_3x1"),
    ("ddbar", {}, "tau_3x1"),
    ("ssbar", {}, "k_short"),
    ("ccbar", {}, "tau_3x1"),
    ("ccbar", {"charm": "d_star"}, "d_star"),
    ("ccbar", {"charm": "d_plus"}, "d_plus"),
    ("charged_b", {}, "b_to_k_llp"),
    ("neutral_b", {}, "b_to_k_llp"),
    ("b_to_k_s", {"kaon": "K+", "final_state": "mumu", "mass": 1.0, "ctau_cm": 1.0}, "b_to_k_llp"),
    ("b_to_k_s", {"kaon": "K*0", "final_state": "pipi", "mass": 1.0, "ctau_cm": 1.0}, "b_to_k_llp"),
    ("jpsi", {}, "jpsi"),
    ("hadronic_b", {"decay": "D0pi"}, "b_to_d0pi"),
)
REQUESTS: Final = tuple(
    SampleRequest(process, 1, 1, options, steering=name) for process, options, name in PROCESSES
)


class Speed(NamedTuple):
    """Events a CPU second.

    Attributes
    ----------
    generator, detector, reconstruction
        Of each step alone, the beams counted with the detector.
    to_ntuple
        Of all steps, and writing.
    """

    generator: float
    detector: float
    reconstruction: float
    to_ntuple: float


def speed_of(request: SampleRequest, events: int, seed: int = 1) -> Speed:
    """Return how fast a sample is made, after a first block that compiles kernels and integrates."""
    generator, made_by = request.generator, steering(request.steering)
    few = replace(request, events=events, block=events, seed=seed)
    with tempfile.TemporaryDirectory() as folder:
        block = next(few.blocks(Path(folder)))
        block.path.parent.mkdir(parents=True)
        make_block(replace(block, events=min(events, 200)))
        whole, _ = _timed(lambda: make_block(block))
    rng = np.random.default_rng(seed)
    generating, generated = _timed(lambda: generator.generate(events, rng).events)
    seeing, detected = _timed(
        lambda: detect(place_in_lab(generated, NOMINAL, rng), rng, NOMINAL_DETECTOR, NOMINAL)
    )
    reconstructing, _ = _timed(lambda: made_by(detected))
    return Speed(*(events / seconds for seconds in (generating, seeing, reconstructing, whole)))


def _timed(function: Callable[[], T]) -> tuple[float, T]:
    started = time.process_time()
    result = function()
    return time.process_time() - started, result
