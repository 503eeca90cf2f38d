"""Belle II's table of decays of B and charm mesons, in the form that Pythia takes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Final, NamedTuple

import pythia8mc
from decaylanguage import DecFileParser
from particle import Particle, ParticleNotFound

from darkbelle.errors import SimulationError

__all__ = ["MOTHERS", "Channel", "DecayTable", "decay_table"]

# names of EvtGen of the mesons whose channels are taken, and their codes
MOTHERS: Final[Mapping[int, str]] = {
    521: "B+",
    511: "B0",
    411: "D+",
    421: "D0",
    431: "D_s+",
    413: "D*+",
    423: "D*0",
    433: "D_s*+",
    10411: "D_0*+",
    10421: "D_0*0",
    10413: "D_1+",
    10423: "D_10",
    20413: "D'_1+",
    20423: "D'_10",
    415: "D_2*+",
    425: "D_2*0",
}

# names that the PDG's table of EvtGen names lacks; inclusive light quarks become these and the spectator
CODES: Final[Mapping[str, tuple[int, ...]]] = {
    "D'_1-": (-20413,),
    "Xu0": (-2, 2),
    "Xu-": (-2, 1),
    "Xsu": (-3, 2),
    "Xsd": (-3, 1),
}

# codes of Pythia's matrix elements
PHASE_SPACE, VECTOR, ONE_HADRON_AND_PAIR, HADRONS_AND_PAIR, WEAK, INCLUSIVE_PHOTON = 0, 2, 11, 12, 22, 31
# partonic modes of EvtGen that may double what is listed: Pythia's variants that avoid those
PARTONIC: Final[Mapping[int, int]] = {43: 53, 63: 73, 91: 55}  # 91 is for resonances
LEPTONS, NEUTRINOS = frozenset({11, 13, 15}), frozenset({12, 14, 16})
BEAUTY = frozenset({511, 521})
MOST_PRODUCTS = 8  # of a channel of Pythia
LARGEST_QUARK, PHOTON = 6, 22

_BLOCK = re.compile(r"^Decay (\S+)$.*?^Enddecay", re.DOTALL | re.MULTILINE)
_DEFINITION = re.compile(r"^(?:Define|Alias|ModelAlias) [^;\n]*;?$", re.MULTILINE)


class Channel(NamedTuple):
    """One way to decay: its branching fraction, the code of Pythia's matrix element, and the products."""

    fraction: float
    matrix_element: int
    products: tuple[int, ...]


class DecayTable(NamedTuple):
    """The channels of a particle, and the summed fraction of those that Pythia has no particles for."""

    channels: tuple[Channel, ...]
    left_out: float


@cache
def decay_table(mother: int) -> DecayTable:
    """Return the channels of one of the mesons `MOTHERS`, a positive code, from DECAY_BELLE2.DEC.

    EvtGen's models are replaced: semileptonic form factors (BGL, LLSW, ISGW2, pole forms) and the
    generator of b → u by V−A with constant form factors, Pythia's partonic modes by themselves, all
    others, among them the Dalitz models of D mesons and helicity amplitudes of two vectors, by phase space.
    A vector that comes with one pseudoscalar from another is polarised by Pythia when it decays.
    CP violation is left out: both mesons of a pair have the channels of the one of positive code.

    Raises
    ------
    SimulationError
        The table that decaylanguage ships has no such meson.
    """
    name = MOTHERS[mother]
    text = (files("decaylanguage") / "data" / "DECAY_BELLE2.DEC").read_text(encoding="utf-8")
    blocks = {block[1]: block[0] for block in _BLOCK.finditer(text)}
    if name not in blocks:
        raise SimulationError(f"DECAY_BELLE2.DEC has no decays of {name}; use the pinned decaylanguage")
    definitions = "\n".join(_DEFINITION.findall(text))
    # one meson at a time, else daughters come with their own decays
    parser = DecFileParser.from_string(f"{definitions}\n{blocks[name]}\nEnd\n")
    parser.parse(include_ccdecays=False)
    aliases = parser.dict_aliases()
    channels: list[Channel] = []
    left_out = 0.0
    for mode in parser.build_decay_chains(name)[name]:
        fraction = float(mode["bf"])
        codes = [_codes(aliases.get(daughter, daughter)) for daughter in map(str, mode["fs"])]
        products = tuple(code for of_daughter in codes for code in of_daughter)
        if all(codes) and len(products) <= MOST_PRODUCTS:
            matrix_element = _matrix_element(str(mode["model"]), mode["model_params"], products)
            channels.append(Channel(fraction, matrix_element, _ordered(mother, matrix_element, products)))
        else:
            left_out += fraction
    return DecayTable(tuple(channel for channel in channels if channel.fraction > 0.0), left_out)


def _codes(name: str) -> tuple[int, ...]:
    """Return the codes that a daughter is made of, none if neither the PDG nor Pythia knows it."""
    if name in CODES:
        return CODES[name]
    try:
        code = int(Particle.from_evtgen_name(name).pdgid)
    except ParticleNotFound:
        return ()
    return (code,) if _particle_data().isParticle(code) else ()


@cache
def _particle_data() -> Any:
    # kept alive: the data belong to it
    return _pythia().particleData


@cache
def _pythia() -> Any:
    return pythia8mc.Pythia("", False)


def _matrix_element(model: str, parameters: Sequence[Any] | str, products: tuple[int, ...]) -> int:
    kinds = {abs(code) for code in products}
    has_quarks = any(code <= LARGEST_QUARK for code in kinds)
    if model == "PYTHIA":
        code = int(parameters[0])
        return PARTONIC.get(code, code)
    if model == "VSS":
        return VECTOR
    if kinds & LEPTONS and kinds & NEUTRINOS and len(products) > 2:
        return WEAK
    if has_quarks and PHOTON in kinds:
        return INCLUSIVE_PHOTON
    if kinds & LEPTONS and len(products) > 2:
        return HADRONS_AND_PAIR if has_quarks else ONE_HADRON_AND_PAIR
    return PHASE_SPACE


def _ordered(mother: int, matrix_element: int, products: tuple[int, ...]) -> tuple[int, ...]:
    """Return the products in the order that Pythia's matrix elements take them for.

    V−A goes with (p_mother·p_first)(p_second·p_rest): the antineutrino and the charged lepton from b,
    the charged lepton and the neutrino from c.
    """
    if matrix_element == WEAK:
        leading, second = (NEUTRINOS, LEPTONS) if mother in BEAUTY else (LEPTONS, NEUTRINOS)
        return tuple(sorted(products, key=lambda code: (abs(code) not in leading, abs(code) not in second)))
    if matrix_element in {INCLUSIVE_PHOTON, HADRONS_AND_PAIR, ONE_HADRON_AND_PAIR}:
        return tuple(sorted(products, key=lambda code: abs(code) in LEPTONS | {PHOTON}))
    return products
