"""Recomputed from stored four-momenta, our kinematics equal what basf2 stored in real files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import uproot

from darkbelle import kernels
from darkbelle.beams import NOMINAL
from darkbelle.vectors import FourVector

pytestmark = pytest.mark.reference
TOLERANCE = 1e-9


def stored(path: Path, tree: str, *names: str) -> tuple[np.ndarray, ...]:
    with uproot.open(path) as file:
        return tuple(file[tree][name].array(library="np") for name in names)


def test_mbc_and_delta_e(reference: Path) -> None:
    path = reference / "basf2" / "kstar_jpsi_candidates.root"
    *components, mbc, delta_e = stored(path, "tree", "px", "py", "pz", "E", "Mbc", "deltaE")
    in_cm = kernels.boost_to_rest_frame(FourVector(*components), NOMINAL.four_vector)
    half = NOMINAL.sqrt_s / 2
    with np.errstate(invalid="ignore"):  # NaN where p* exceeds the beam energy, as in basf2
        ours = np.sqrt(half**2 - in_cm.px**2 - in_cm.py**2 - in_cm.pz**2)
    np.testing.assert_allclose(ours, mbc, rtol=TOLERANCE)
    # a difference of two energies near 5 GeV: what counts is relative to them
    np.testing.assert_allclose(in_cm.energy - half, delta_e, rtol=TOLERANCE, atol=TOLERANCE * half)


def test_recoil_angles_and_cm_momentum(reference: Path) -> None:
    path = reference / "basf2" / "wide_fei.root"
    names = ("px", "py", "pz", "E", "pRecoilTheta", "pRecoilPhi", "useCMSFrame__bop__bc")
    px, py, pz, energy, theta, phi, p_cm = stored(path, "variables", *names)
    visible = FourVector(px, py, pz, energy)
    recoil = kernels.recoil(visible, NOMINAL.four_vector)
    in_cm = kernels.boost_to_rest_frame(visible, NOMINAL.four_vector)
    np.testing.assert_allclose(recoil.theta, theta, rtol=TOLERANCE)
    np.testing.assert_allclose(recoil.phi, phi, rtol=TOLERANCE)
    np.testing.assert_allclose(np.sqrt(in_cm.px**2 + in_cm.py**2 + in_cm.pz**2), p_cm, rtol=TOLERANCE)
