"""How well π, K, p and d are told apart: by energy loss in the chamber, and by Cherenkov light behind it."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from darkbelle.constants import KAON_MASS, PION_MASS, PROTON_MASS
from darkbelle.kernels.compilation import kernel
from darkbelle.simulation.detector.parameters import HadronIdentification
from darkbelle.simulation.detector.particles import Charged
from darkbelle.vectors import Column

__all__ = ["cherenkov_angle", "energy_loss", "hadron_log_likelihoods"]

DEUTERON_MASS: Final = 1.875613  # CODATA
HYPOTHESES: Final = np.array([PION_MASS, KAON_MASS, PROTON_MASS, DEUTERON_MASS])


class Counters(NamedTuple):
    """The Cherenkov counter that each track crosses: index of refraction, error of the angle in rad.

    The refractive index is 1, which makes no light, where there is none. ``lost`` is the probability of no
    image.
    """

    refraction: Column
    error: Column
    lost: Column


def hadron_log_likelihoods(
    charged: Charged,
    wires_share: Column,
    hadrons: HadronIdentification,
    normal: Column,
    uniform: Column,
) -> Column:
    """Return log-likelihoods of π, K, p and d, shape (n, 4).

    Each measurement is Gaussian: the logarithm of the energy loss, and the Cherenkov angle, 0 below
    threshold. A floor under each keeps one bad measurement from deciding alone.

    Parameters
    ----------
    charged
        The particles.
    wires_share
        Share of the chamber's layers that they cross.
    normal, uniform
        Random numbers, shapes (2, n) and (n,).
    """
    counters = _counters(charged, hadrons)
    loss_error = hadrons.energy_loss_resolution / np.sqrt(wires_share)
    out = np.empty((len(charged), HYPOTHESES.size))
    drawn = normal[0], normal[1], uniform
    shape = hadrons.energy_loss_constant, hadrons.energy_loss_saturation, hadrons.worst_deviation
    _compare((charged.momentum, charged.beta), counters, loss_error, drawn, shape, out)
    return out


def _counters(charged: Charged, hadrons: HadronIdentification) -> Counters:
    degrees = np.rad2deg(charged.theta)
    quartz = (degrees > hadrons.quartz[0]) & (degrees < hadrons.quartz[1])
    quartz &= charged.transverse > hadrons.least_transverse
    aerogel = (degrees > hadrons.aerogel[0]) & (degrees < hadrons.aerogel[1])
    which = [quartz, aerogel]
    return Counters(
        np.select(which, [hadrons.quartz_index, hadrons.aerogel_index], 1.0),
        np.select(which, [hadrons.quartz_resolution, hadrons.aerogel_resolution], 1.0),
        np.select(which, [hadrons.quartz_lost, hadrons.aerogel_lost], 1.0),
    )


@kernel
def energy_loss(beta: float, constant: float, saturation: float) -> float:
    r"""Return the energy loss in gas by the velocity, in arbitrary units.

    Bethe's formula with a relativistic rise that saturates at b, in the form
    :math:`\beta^{-2}\,(c + \ln\frac{(\beta\gamma)^2}{1+(\beta\gamma/b)^2} - \beta^2)`.
    """
    square = beta * beta / max(1 - beta * beta, 1e-12)
    rise = np.log(square / (1 + square / saturation**2))
    loss: float = max(constant + rise - beta * beta, 1.0) / (beta * beta)
    return loss


@kernel
def cherenkov_angle(beta: float, index: float) -> float:
    """Return the angle of Cherenkov light in rad, 0 below threshold."""
    angle: float = np.arccos(1 / (index * beta)) if index * beta > 1 else 0.0
    return angle


@kernel
def _compare(
    motion: tuple[Column, Column],
    counters: Counters,
    loss_error: Column,
    drawn: tuple[Column, Column, Column],
    shape: tuple[float, float, float],
    out: Column,
) -> None:
    momentum, beta = motion
    constant, saturation, worst = shape
    floor = np.exp(-worst * worst / 2)
    for i in range(momentum.size):
        loss = np.log(energy_loss(beta[i], constant, saturation)) + loss_error[i] * drawn[0][i]
        angle = cherenkov_angle(beta[i], counters.refraction[i]) + counters.error[i] * drawn[1][i]
        for k in range(HYPOTHESES.size):
            expected = momentum[i] / np.sqrt(momentum[i] ** 2 + HYPOTHESES[k] ** 2)
            pull = (loss - np.log(energy_loss(expected, constant, saturation))) / loss_error[i]
            likelihood = np.exp(-pull * pull / 2) + floor
            if drawn[2][i] >= counters.lost[i]:
                pull = (angle - cherenkov_angle(expected, counters.refraction[i])) / counters.error[i]
                likelihood *= np.exp(-pull * pull / 2) + floor
            out[i, k] = np.log(likelihood)
