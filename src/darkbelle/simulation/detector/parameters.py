"""Every number of the detector model, with its unit and where it comes from.

This file is the one table: the model's code holds no numbers of its own. ``estimated`` marks what was
chosen as plausible without a publication behind it; nothing was tuned to published limits. Change
numbers with `detector_with`, and list them with `table`.

Sources by their short names:

* *standard*: figures that every description of the detector quotes, such as the Technical Design
  Report (arXiv:1011.0352) and The Belle II Physics Book (arXiv:1808.10567)
* *Belle NIM*: table 1 of NIM A 479 (2002) 117; calorimeter, solenoid and KLM are Belle's
* *Belle KLM*: NIM A 491 (2002) 69, abstract
* *basf2*: ``cdc/data/CDC.xml`` and ``TrgEclBhabha`` in the Belle II analysis software framework
* *PDG*: Review of Particle Physics 2024, section 34
* *displaced*: track finding of 2024, arXiv:2411.13596, abstract; the range of flights from arXiv:2602.10897
* *Z′*: the invisible Z′ search, arXiv:2212.03066, and its talks
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields, replace
from typing import Any, NamedTuple

from darkbelle.errors import ConfigurationError

__all__ = [
    "NOMINAL_DETECTOR",
    "BeamBackground",
    "Calorimeter",
    "DetectorParameters",
    "DriftChamber",
    "ElectronIdentification",
    "HadronIdentification",
    "MomentumScale",
    "MuonIdentification",
    "Quantity",
    "Silicon",
    "Tracking",
    "Trigger",
    "detector_with",
    "table",
]


def quantity(value: float | tuple[Any, ...], unit: str, source: str) -> Any:
    """Declare a field by its value, unit and source."""
    return field(default=value, metadata={"unit": unit, "source": source})


@dataclass(frozen=True)
class DriftChamber:
    """Where the central drift chamber is, and the field in it."""

    magnetic_field: float = quantity(1.5, "T", "standard")
    theta_min: float = quantity(17.0, "deg", "standard; the forward end plate is a cone of this angle")
    theta_max: float = quantity(150.0, "deg", "standard; the backward end plate is a cone of this angle")
    forward_z: float = quantity(155.0, "cm", "estimated: basf2 CDC.xml has the envelope to 165.5")
    backward_z: float = quantity(-95.0, "cm", "estimated: basf2 CDC.xml has the envelope to -100")
    superlayer_inner: tuple[float, ...] = quantity(
        (16.80, 25.70, 36.52, 47.69, 58.41, 69.53, 80.25, 91.37, 102.09), "cm", "basf2 CDC.xml"
    )
    superlayer_outer: tuple[float, ...] = quantity(
        (23.80, 34.80, 45.57, 56.69, 67.41, 78.53, 89.25, 100.37, 111.14), "cm", "basf2 CDC.xml"
    )
    superlayer_size: tuple[int, ...] = quantity((8, 6, 6, 6, 6, 6, 6, 6, 6), "layers", "standard")
    stereo_angle: tuple[float, ...] = quantity(
        (0.0, 0.060, 0.0, 0.064, 0.0, 0.066, 0.0, 0.068, 0.0),
        "rad",
        "standard: every other superlayer, 45 to 74 mrad; values within that estimated",
    )
    hit_resolution: float = quantity(
        0.0225, "cm", "estimated: effective, so that tracks through all layers have the standard σ(pT)/pT"
    )
    thickness: float = quantity(
        0.005, "X0", "estimated: gas and wires, so that σ(pT)/pT has the standard 0.0025/β"
    )


@dataclass(frozen=True)
class Silicon:
    """The pixel and strip layers, and all that particles meet before the drift chamber, at 90°."""

    radii: tuple[float, ...] = quantity((1.4, 2.2, 3.9, 8.0, 10.4, 13.5), "cm", "standard")
    resolution: tuple[float, ...] = quantity(
        (16e-4, 16e-4, 14e-4, 18e-4, 18e-4, 18e-4), "cm", "estimated: across the beam"
    )
    resolution_z: tuple[float, ...] = quantity(
        (18e-4, 18e-4, 25e-4, 30e-4, 35e-4, 35e-4), "cm", "estimated: along the beam"
    )
    thickness: tuple[float, ...] = quantity(
        (0.002, 0.002, 0.007, 0.007, 0.007, 0.007), "X0", "standard: 0.2 % a pixel, 0.7 % a strip layer"
    )
    beam_pipe_radius: float = quantity(1.0, "cm", "standard")
    beam_pipe_thickness: float = quantity(0.008, "X0", "estimated: beryllium, gold and paraffin")
    wall_radius: float = quantity(16.0, "cm", "standard: inner wall of the drift chamber")
    wall_thickness: float = quantity(0.005, "X0", "estimated: wall, cables and supports")
    scattering: float = quantity(0.0136, "GeV", "PDG: Highland's formula, whose logarithm is left out")


@dataclass(frozen=True)
class Tracking:
    """Which tracks are found, and how well they are measured."""

    efficiency: float = quantity(0.99, "1", "estimated: for prompt tracks well inside the acceptance")
    slow_loss: float = quantity(0.5, "1", "estimated: part lost at slow_momentum")
    slow_momentum: float = quantity(0.1, "GeV", "estimated: pT at which slow_loss applies")
    slow_scale: float = quantity(0.07, "GeV", "estimated: the loss falls by e in pT over this")
    silicon_layers: int = quantity(3, "layers", "estimated: hits of a track with silicon")
    layers_with_silicon: int = quantity(5, "layers", "estimated: wires needed by a track with silicon hits")
    hits_without_silicon: int = quantity(20, "hits", "estimated: hits on wires needed by a track without")
    hit_share: float = quantity(
        0.55,
        "1",
        "displaced: share of the layers crossed whose hit the finder has, so that it finds 52 % of tracks "
        "of pairs from uniform flights up to 100 cm; nothing else was set to that",
    )
    tail_probability: float = quantity(0.05, "1", "estimated: share of tracks measured worse")
    tail_scale: float = quantity(3.0, "1", "estimated: how much wider their errors are")


@dataclass(frozen=True)
class MomentumScale:
    """A bias of measured momenta, as an imperfect map of the field and misaligned layers give.

    The relative bias is ``strength * (constant + cosine * cosθ + charge * q + charge_cosine * q * cosθ)``.
    """

    strength: float = quantity(0.0, "1", "off; 1 applies what follows")
    constant: float = quantity(-4e-4, "1", "estimated: talks on the τ mass say up to some 1e-3 in data")
    cosine: float = quantity(-6e-4, "1", "estimated: as above")
    charge: float = quantity(1e-4, "1", "estimated: as above")
    charge_cosine: float = quantity(2e-4, "1", "estimated: as above")


@dataclass(frozen=True)
class Calorimeter:
    """The CsI(Tl) calorimeter: where it is, and how well it measures."""

    forward: tuple[float, float] = quantity((12.4, 31.4), "deg", "standard")
    barrel: tuple[float, float] = quantity((32.2, 128.7), "deg", "standard")
    backward: tuple[float, float] = quantity((130.7, 155.1), "deg", "standard")
    radius: float = quantity(125.0, "cm", "Belle NIM: inner radius of the barrel")
    forward_z: float = quantity(196.0, "cm", "Belle NIM: face of the forward end cap")
    backward_z: float = quantity(-102.0, "cm", "Belle NIM: face of the backward end cap")
    depth: float = quantity(16.2, "X0", "standard: 30 cm of CsI(Tl)")
    dead_share: float = quantity(0.002, "1", "estimated: lost in dead channels and gaps between crystals")
    noise_threshold: float = quantity(0.05, "GeV", "estimated: least energy in the list gamma:all")
    hard_threshold: float = quantity(0.1, "GeV", "estimated: least energy in the list gamma:hard")
    stochastic: float = quantity(
        0.01167, "GeV^1/2", "standard: σ/E is 4 % at 0.1 GeV; form a/√E ⊕ b estimated"
    )
    constant: float = quantity(0.01546, "1", "standard: σ/E is 1.6 % at 8 GeV; form a/√E ⊕ b estimated")
    tail_probability: float = quantity(0.12, "1", "estimated: photons that leak energy")
    tail_loss: float = quantity(0.06, "1", "estimated: mean lost fraction of those, exponential")
    position: float = quantity(0.5, "cm GeV^1/2", "Belle NIM: σ = 0.5 cm/√E")
    merging_distance: float = quantity(8.0, "cm", "estimated: 1.5 crystals of 5.5 cm at the face")
    track_distance: float = quantity(8.0, "cm", "estimated: a cluster nearer to a track's belongs to it")
    minimum_ionising: float = quantity(
        0.2, "GeV", "PDG: 30 cm of CsI, 5.6 MeV/cm at minimum, some 20 % more on the rise"
    )
    least_radiated: float = quantity(0.01, "GeV", "estimated: softer bremsstrahlung makes no cluster")
    ionisation_width: float = quantity(0.08, "1", "estimated: relative; Gumbel's distribution for Landau's")
    interaction_probability: float = quantity(0.53, "1", "PDG: 30 cm of CsI with λI = 39.3 cm")
    shower_share: tuple[float, float] = quantity(
        (1.6, 2.6), "1", "estimated: of a hadron's energy, a beta distribution with mean 0.38"
    )
    split_off_probability: float = quantity(0.10, "1", "estimated: of hadrons that interact")
    split_off_energy: float = quantity(0.08, "GeV", "estimated: mean, exponential")
    split_off_distance: float = quantity(20.0, "cm", "estimated: Gaussian, in both directions on the face")


@dataclass(frozen=True)
class BeamBackground:
    """Clusters that do not come from the collision."""

    multiplicity: float = quantity(0.3, "1/event", "estimated: in time and above the noise threshold")
    energy_scale: float = quantity(0.04, "GeV", "estimated: exponential spectrum above the threshold")


@dataclass(frozen=True)
class MuonIdentification:
    """The KLM: what reaches it, and what is taken for a muon."""

    barrel: tuple[float, float] = quantity((37.0, 130.0), "deg", "standard")
    forward: tuple[float, float] = quantity((18.0, 47.0), "deg", "standard")
    backward: tuple[float, float] = quantity((122.0, 155.0), "deg", "standard")
    barrel_momentum: float = quantity(0.6, "GeV", "standard: least pT to reach the barrel")
    endcap_momentum: float = quantity(0.6, "GeV", "Belle KLM: threshold of detection")
    efficiency: float = quantity(0.99, "1", "Z′: 93-99 %; at high momentum")
    threshold_efficiency: float = quantity(0.93, "1", "Z′: 93-99 %; at threshold")
    efficiency_scale: float = quantity(0.5, "GeV", "estimated: the difference falls by e in p over this")
    hadron_fake: float = quantity(0.025, "1", "Z′: 3-20 % with decays in flight; at high momentum")
    threshold_hadron_fake: float = quantity(0.16, "1", "Z′: 3-20 % with decays in flight; at threshold")
    hadron_fake_scale: float = quantity(0.6, "GeV", "estimated: the difference falls by e in p over this")
    electron_fake: float = quantity(0.001, "1", "estimated")
    outside: float = quantity(0.05, "1", "estimated: tracks that cannot reach the KLM")


@dataclass(frozen=True)
class ElectronIdentification:
    """E/p and its like: what is taken for an electron."""

    efficiency: float = quantity(0.94, "1", "estimated: for tracks that reach the calorimeter")
    hadron_fake: float = quantity(0.01, "1", "estimated: 1-2 %; at high momentum")
    slow_hadron_fake: float = quantity(0.02, "1", "estimated: 1-2 %; below the change")
    change: float = quantity(1.0, "GeV", "estimated: momentum where it changes")
    muon_fake: float = quantity(0.001, "1", "estimated")
    outside: float = quantity(0.3, "1", "estimated: electrons that do not reach the calorimeter, by dE/dx")


@dataclass(frozen=True)
class HadronIdentification:
    """Energy loss and Cherenkov light: what tells π, K, p and d apart."""

    energy_loss_resolution: float = quantity(0.08, "1", "estimated: relative, with all wires")
    energy_loss_constant: float = quantity(
        12.5, "1", "estimated: the logarithm in Bethe's formula at βγ = 1, helium and ethane"
    )
    energy_loss_saturation: float = quantity(60.0, "1", "estimated: βγ where the relativistic rise ends")
    worst_deviation: float = quantity(4.0, "1", "estimated: measurements farther off count as this many σ")
    quartz: tuple[float, float] = quantity((31.0, 128.0), "deg", "standard: the TOP counter in the barrel")
    quartz_index: float = quantity(1.47, "1", "standard: of fused silica")
    quartz_resolution: float = quantity(
        5.0e-3, "rad", "estimated: Cherenkov angle a track; propagation and flight time taken together"
    )
    quartz_lost: float = quantity(0.08, "1", "estimated: tracks with no usable image, gaps of 6 % included")
    aerogel: tuple[float, float] = quantity((14.0, 30.0), "deg", "standard: the ARICH counter")
    aerogel_index: float = quantity(1.05, "1", "standard")
    aerogel_resolution: float = quantity(4.0e-3, "rad", "estimated: Cherenkov angle a track")
    aerogel_lost: float = quantity(0.06, "1", "estimated: tracks with no usable ring")
    least_transverse: float = quantity(0.28, "GeV", "standard: less pT does not reach the quartz")


@dataclass(frozen=True)
class Trigger:
    """The first-level triggers."""

    full_track_radius: float = quantity(
        102.09, "cm", "estimated: a full track reaches the outermost superlayer"
    )
    track_efficiency: float = quantity(0.97, "1", "estimated: for a track that does")
    single_momentum: float = quantity(0.7, "GeV", "standard: least momentum of the one track of stt")
    single_z: float = quantity(15.0, "cm", "estimated: largest |z| of it by the neural trigger")
    single_efficiency: float = quantity(0.95, "1", "estimated: of the neural trigger for such a full track")
    total_energy: float = quantity(1.0, "GeV", "standard: energy in the calorimeter for hie")
    energy_theta: tuple[float, float] = quantity((22.0, 128.0), "deg", "estimated: where hie sums energy")
    energy_resolution: float = quantity(0.05, "GeV", "estimated: of the sum, at the first level")
    opening: float = quantity(90.0, "deg", "Z′: transverse opening of two full tracks")
    klm_efficiency: float = quantity(0.90, "1", "estimated: for a full track of a muon in the barrel")
    bhabha_phi: tuple[float, float] = quantity((160.0, 200.0), "deg", "basf2: difference in the CM")
    bhabha_theta: tuple[float, float] = quantity((165.0, 190.0), "deg", "basf2: sum in the CM")
    bhabha_both: float = quantity(3.0, "GeV", "basf2: least CM energy of both clusters")
    bhabha_one: float = quantity(4.5, "GeV", "basf2: least CM energy of one of them")


@dataclass(frozen=True)
class DetectorParameters:
    """The whole detector."""

    drift_chamber: DriftChamber = DriftChamber()
    silicon: Silicon = Silicon()
    tracking: Tracking = Tracking()
    momentum_scale: MomentumScale = MomentumScale()
    calorimeter: Calorimeter = Calorimeter()
    beam_background: BeamBackground = BeamBackground()
    muon_identification: MuonIdentification = MuonIdentification()
    electron_identification: ElectronIdentification = ElectronIdentification()
    hadron_identification: HadronIdentification = HadronIdentification()
    trigger: Trigger = Trigger()


NOMINAL_DETECTOR = DetectorParameters()


def detector_with(overrides: Mapping[str, Mapping[str, Any]]) -> DetectorParameters:
    """Return the nominal detector with some numbers changed.

    Parameters
    ----------
    overrides
        By part, then by field; lists stand for tuples, as YAML and JSON have them.

    Raises
    ------
    ConfigurationError
        There is no such part or field, or the value is not of the field's kind.

    >>> detector_with({"momentum_scale": {"strength": 1}}).momentum_scale.strength
    1.0
    """
    parts = {}
    for name, changes in overrides.items():
        part = getattr(NOMINAL_DETECTOR, _known(name, NOMINAL_DETECTOR, "the detector"))
        if not isinstance(changes, Mapping):
            raise ConfigurationError(
                f"detector: {name!r} is a part with several numbers, got {changes!r}; say {name}.NAME=VALUE"
            )
        values = {
            item: _like(getattr(part, _known(item, part, name)), item, value)
            for item, value in changes.items()
        }
        parts[name] = replace(part, **values)
    return replace(NOMINAL_DETECTOR, **parts)


def _known(name: str, owner: Any, what: str) -> str:
    names = [item.name for item in fields(owner)]
    if name not in names:
        raise ConfigurationError(f"detector: {what} has no {name!r}, it has {', '.join(names)}")
    return name


def _like(nominal: Any, name: str, value: Any) -> Any:
    """Return a value of the same kind as the nominal one."""
    if isinstance(nominal, tuple) and isinstance(value, list | tuple):
        return tuple(float(item) if isinstance(nominal[0], float) else item for item in value)
    if not isinstance(nominal, tuple) and isinstance(value, int | float) and not isinstance(value, bool):
        return type(nominal)(value)
    if not isinstance(nominal, tuple) and isinstance(value, str):
        # YAML takes 1e-3 for a word, and 1.0e-3 for a number
        with suppress(ValueError):
            return type(nominal)(value)
    raise ConfigurationError(f"detector: {name} is like {nominal!r}, got {value!r}")


class Quantity(NamedTuple):
    """One line of the table of parameters."""

    name: str
    value: float | tuple[Any, ...]
    unit: str
    source: str


def table(detector: DetectorParameters = NOMINAL_DETECTOR) -> tuple[Quantity, ...]:
    """Return every parameter with its value, unit and source, as documentation shows them.

    >>> table()[0]
    Quantity(name='drift_chamber.magnetic_field', value=1.5, unit='T', source='standard')
    """
    parts = {item.name: getattr(detector, item.name) for item in fields(detector)}
    return tuple(
        Quantity(f"{name}.{item.name}", getattr(part, item.name), **item.metadata)
        for name, part in parts.items()
        for item in fields(part)
    )
