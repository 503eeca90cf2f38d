"""Every number of the detector model, with its unit and where it comes from.

This file is the one table: the model's code holds no numbers of its own. ``estimated`` marks what was
chosen as plausible without a publication behind it; nothing was tuned to published limits. Change a
number with `dataclasses.replace`, and list them with `table`.

Sources by their short names:

* *standard*: figures that every description of the detector quotes, such as the Technical Design
  Report (arXiv:1011.0352) and The Belle II Physics Book (arXiv:1808.10567)
* *Belle NIM*: table 1 of NIM A 479 (2002) 117; calorimeter, solenoid and KLM are Belle's
* *Belle KLM*: NIM A 491 (2002) 69, abstract
* *basf2*: ``cdc/data/CDC.xml`` and ``TrgEclBhabha`` in the Belle II analysis software framework
* *PDG*: Review of Particle Physics 2024, section 34
* *Z′*: the invisible Z′ search, arXiv:2212.03066, and its talks
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple

__all__ = [
    "NOMINAL_DETECTOR",
    "BeamBackground",
    "Calorimeter",
    "DetectorParameters",
    "DriftChamber",
    "ElectronIdentification",
    "Material",
    "MuonIdentification",
    "Quantity",
    "Tracking",
    "Trigger",
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


@dataclass(frozen=True)
class Tracking:
    """Which tracks are found, and how well they are measured."""

    efficiency: float = quantity(0.99, "1", "estimated: for prompt tracks well inside the acceptance")
    slow_loss: float = quantity(0.5, "1", "estimated: part lost at slow_momentum")
    slow_momentum: float = quantity(0.1, "GeV", "estimated: pT at which slow_loss applies")
    slow_scale: float = quantity(0.07, "GeV", "estimated: the loss falls by e in pT over this")
    silicon_radius: float = quantity(14.0, "cm", "standard: outermost silicon layer")
    first_layer_radius: float = quantity(1.4, "cm", "standard: innermost pixel layer")
    layers_with_silicon: int = quantity(5, "layers", "estimated: wires needed by a track with silicon hits")
    layers_without_silicon: int = quantity(20, "layers", "estimated: wires needed by a track without")
    efficiency_without_silicon: float = quantity(0.85, "1", "estimated")
    momentum_measurement: float = quantity(0.0011, "1/GeV", "standard: σ(pT)/pT = 0.0011 pT ⊕ 0.0025/β")
    momentum_scattering: float = quantity(0.0025, "1", "standard: σ(pT)/pT = 0.0011 pT ⊕ 0.0025/β")
    angle_measurement: float = quantity(0.3e-3, "rad", "estimated: σ(φ), σ(θ) at high momentum")
    angle_scattering: float = quantity(
        1.2e-3, "rad GeV", "estimated: Highland's formula (PDG) for 0.8 % X0 of beam pipe and first layer"
    )
    d0_measurement: float = quantity(15e-4, "cm", "estimated")
    d0_scattering: float = quantity(23e-4, "cm GeV", "estimated: 50 µm at 0.5 GeV and 90°")
    z0_measurement: float = quantity(20e-4, "cm", "estimated")
    z0_scattering: float = quantity(23e-4, "cm GeV", "estimated: as for d0")
    d0_without_silicon: float = quantity(0.05, "cm", "estimated: σ(d0) with wires alone")
    z0_without_silicon: float = quantity(0.3, "cm", "estimated: σ(z0) with wires alone")
    tail_probability: float = quantity(0.05, "1", "estimated: share of tracks measured worse")
    tail_scale: float = quantity(3.0, "1", "estimated: how much wider their errors are")


@dataclass(frozen=True)
class Material:
    """What particles meet before the calorimeter."""

    inner_thickness: float = quantity(0.04, "X0", "estimated: beam pipe and six silicon layers, at 90°")
    inner_radius: float = quantity(1.0, "cm", "standard: conversions spread evenly from the beam pipe …")
    outer_radius: float = quantity(14.0, "cm", "standard: … to the outermost silicon layer")


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
    sharpness: float = quantity(4.0, "1", "estimated: 1 - ID is half a uniform number to this power")


@dataclass(frozen=True)
class ElectronIdentification:
    """E/p and its like: what is taken for an electron."""

    efficiency: float = quantity(0.94, "1", "estimated: for tracks that reach the calorimeter")
    hadron_fake: float = quantity(0.01, "1", "estimated: 1-2 %; at high momentum")
    slow_hadron_fake: float = quantity(0.02, "1", "estimated: 1-2 %; below the change")
    change: float = quantity(1.0, "GeV", "estimated: momentum where it changes")
    muon_fake: float = quantity(0.001, "1", "estimated")
    outside: float = quantity(0.3, "1", "estimated: electrons that do not reach the calorimeter, by dE/dx")
    pion_efficiency: float = quantity(0.9, "1", "estimated: hadrons that are pions taken for one")
    pion_fake: float = quantity(0.1, "1", "estimated: kaons and protons taken for pions")


@dataclass(frozen=True)
class Trigger:
    """The two first-level triggers of the Z′ search."""

    full_track_radius: float = quantity(
        102.09, "cm", "estimated: a full track reaches the outermost superlayer"
    )
    track_efficiency: float = quantity(0.97, "1", "estimated: for a track that does")
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
    tracking: Tracking = Tracking()
    material: Material = Material()
    calorimeter: Calorimeter = Calorimeter()
    beam_background: BeamBackground = BeamBackground()
    muon_identification: MuonIdentification = MuonIdentification()
    electron_identification: ElectronIdentification = ElectronIdentification()
    trigger: Trigger = Trigger()


NOMINAL_DETECTOR = DetectorParameters()


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
