"""Which kind of particle a track is taken for: six likelihoods."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri

from darkbelle.kernels import libm
from darkbelle.kernels.compilation import kernel
from darkbelle.simulation.detector.hadron_identification import hadron_log_likelihoods
from darkbelle.simulation.detector.parameters import (
    DetectorParameters,
    ElectronIdentification,
    MuonIdentification,
)
from darkbelle.simulation.detector.particles import ELECTRON, MUON, Charged
from darkbelle.simulation.detector.records import KINDS, Flags, Indices
from darkbelle.vectors import Column

__all__ = [
    "electron_probability",
    "identify",
    "in_barrel_klm",
    "muon_probability",
    "reaches_klm",
]


def identify(
    found: Charged,
    at_calorimeter: Flags,
    wires: Indices,
    detector: DetectorParameters,
    rng: np.random.Generator,
) -> Column:
    r"""Draw likelihoods of e, μ, π, K, p and d, shape (n_tracks, 6), each divided by their sum.

    Two scores come first, for muons and for electrons: log-likelihood ratios to all the rest, drawn from
    Gaussians whose shares above zero are the efficiencies and misidentifications of the parameters, and
    whose distance is that of the two. What they leave is shared among hadrons by `hadron_log_likelihoods`:

    .. math:: P_\mu = \sigma(s_\mu), \quad P_e = (1-P_\mu)\,\sigma(s_e), \quad
              P_h = (1-P_\mu)(1-\sigma(s_e))\,L_h/\textstyle\sum L

    Parameters
    ----------
    found
        The particles behind the tracks.
    at_calorimeter
        Which of them reach the calorimeter.
    wires
        Hits in the drift chamber, which measure the energy loss.
    """
    muons, electrons = detector.muon_identification, detector.electron_identification
    normal = rng.normal(size=(4, len(found)))
    lost = rng.random(len(found))
    wires_share = wires / sum(detector.drift_chamber.superlayer_size)
    hadrons = hadron_log_likelihoods(found, wires_share, detector.hadron_identification, normal[2:], lost)
    out = np.empty((len(found), len(KINDS)))
    _share(
        _score(muon_probability(found, muons), muons.efficiency, muons.hadron_fake, normal[0]),
        _score(
            electron_probability(found, at_calorimeter, electrons),
            electrons.efficiency,
            electrons.hadron_fake,
            normal[1],
        ),
        hadrons,
        out,
    )
    return out


def _score(probability: Column, efficiency: float, fake: float, normal: Column) -> Column:
    """Return log-likelihood ratios that are positive with a probability."""
    at, true, false = (ndtri(np.clip(p, 1e-9, 1 - 1e-9)) for p in (probability, efficiency, fake))
    score: Column = (true - false) * (at + normal)
    return score


@kernel
def _share(muon: Column, electron: Column, hadrons: Column, out: Column) -> None:
    for i in range(out.shape[0]):
        as_muon = 1 / (1 + np.exp(-muon[i]))
        as_electron = 1 / (1 + np.exp(-electron[i]))
        largest = np.max(hadrons[i])
        shares = np.exp(hadrons[i] - largest)
        rest = (1 - as_muon) * (1 - as_electron) / np.sum(shares)
        out[i, 0], out[i, 1] = (1 - as_muon) * as_electron, as_muon
        for k in range(4):
            out[i, 2 + k] = rest * shares[k]


def muon_probability(charged: Charged, muons: MuonIdentification) -> Column:
    """Return the probability to be taken for a muon.

    A π or K that decays in flight sends its muon into the KLM, where it passes like any muon; those
    that do not decay pass by punch-through or sail-through.
    """
    momentum = charged.momentum
    penetrates = reaches_klm(charged.theta, charged.muon_momentum, charged.muon_angle_sine, muons)
    in_reach = reaches_klm(charged.theta, momentum, charged.transverse / momentum, muons)
    efficiency = muons.efficiency - (muons.efficiency - muons.threshold_efficiency) * _beyond(
        charged.muon_momentum, muons.efficiency_scale, muons
    )
    fake = muons.hadron_fake + (muons.threshold_hadron_fake - muons.hadron_fake) * _beyond(
        momentum, muons.hadron_fake_scale, muons
    )
    fake = np.where(np.abs(charged.pdg) == ELECTRON, muons.electron_fake, fake)
    return np.where(penetrates, efficiency, np.where(in_reach, fake, muons.outside))


def _beyond(momentum: Column, scale: float, muons: MuonIdentification) -> Column:
    return libm.exp(-np.maximum(momentum - muons.barrel_momentum, 0.0) / scale)


def reaches_klm(theta: Column, momentum: Column, sine: Column, muons: MuonIdentification) -> Flags:
    """Return which tracks point to the KLM and have the momentum to reach it, if muons."""
    degrees = np.rad2deg(theta)
    barrel = in_barrel_klm(theta, muons) & (momentum * sine > muons.barrel_momentum)
    forward = (degrees > muons.forward[0]) & (degrees < muons.forward[1])
    backward = (degrees > muons.backward[0]) & (degrees < muons.backward[1])
    return barrel | ((forward | backward) & (momentum > muons.endcap_momentum))


def in_barrel_klm(theta: Column, muons: MuonIdentification) -> Flags:
    """Return which tracks point to the barrel of the KLM."""
    degrees = np.rad2deg(theta)
    return (degrees > muons.barrel[0]) & (degrees < muons.barrel[1])


def electron_probability(
    charged: Charged, at_calorimeter: Flags, electrons: ElectronIdentification
) -> Column:
    """Return the probability to be taken for an electron, of tracks that are not taken for a muon."""
    codes = np.abs(charged.pdg)
    slow = charged.momentum < electrons.change
    hadron = np.where(slow, electrons.slow_hadron_fake, electrons.hadron_fake)
    true = np.where(at_calorimeter, electrons.efficiency, electrons.outside)
    return np.select([codes == ELECTRON, codes == MUON], [true, electrons.muon_fake], hadron)
