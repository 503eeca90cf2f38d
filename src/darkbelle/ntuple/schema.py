"""The coffea schema of basf2 ntuples: flat branches become counters, particles and named columns.

A field of a particle is called as the variable is on disk, ``energy`` for ``E``, and also as basf2
calls it where that is unambiguous: ``mu_plus["useCMSFrame(p)"]``. A particle that has px, py, pz and
energy is a Lorentz vector of coffea. Stored variables that a vector would take for coordinates of its
own (``pt``, ``M``, ``theta`` …) are called ``stored_pt``, ``stored_M``, ``stored_theta``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from functools import partial
from typing import Any, Final, NamedTuple

from coffea.nanoevents.methods import base, vector
from coffea.nanoevents.schemas.base import BaseSchema, zip_forms

from darkbelle.errors import ConfigurationError
from darkbelle.ntuple.layout import COUNTER_FIELDS, Layout
from darkbelle.ntuple.names import COUNTERS, aliases, missing_branch, resolve

__all__ = ["MOMENTUM", "Fields", "NtupleSchema", "all_fields", "schema_of", "wanted_fields"]

MOMENTUM: Final = frozenset({"px", "py", "pz", "energy"})

# What scikit-hep's vector reads as a coordinate, beside the four that we use.
_COORDINATES: Final = frozenset(
    {"x", "y", "z", "t", "rho", "pt", "phi", "theta", "eta", "tau", "e", "m", "M", "mass"}
)
_STORED: Final = "stored_"


class Fields(NamedTuple):
    """Which branch each field is: ``plain`` on the row itself, ``particles`` in their records."""

    plain: dict[str, str]
    particles: dict[str, dict[str, str]]

    def joined_with(self, other: Fields) -> Fields:
        """Return the fields of both."""
        particles = {name: dict(fields) for name, fields in self.particles.items()}
        for name, fields in other.particles.items():
            particles.setdefault(name, {}).update(fields)
        return Fields({**self.plain, **other.plain}, particles)


def all_fields(layout: Layout, branches: Collection[str], where: str = "the ntuple") -> Fields:
    """Return all that a layout finds in a file. A declared column that is not there is left out.

    Raises
    ------
    MissingBranchError
        A particle's prefix has no branch at all.
    """
    plain = _counters(branches)
    for name, variable in layout.columns.items():
        if branch := resolve(variable, branches):
            plain[name] = branch
    suffixes = _by_prefix(layout.particles.values(), branches)
    particles = {}
    for particle, prefix in layout.particles.items():
        if not suffixes[prefix]:
            raise missing_branch(where, f"{prefix}_*", branches, particle)
        particles[particle] = _record_fields(suffixes[prefix])
    return Fields(plain, particles)


def wanted_fields(
    layout: Layout,
    branches: Collection[str],
    reads: Iterable[str],
    *,
    optional: bool = False,
    where: str = "the ntuple",
) -> Fields:
    """Return the counters and the fields asked for, such as ``mu_plus.px`` and ``n_tracks``.

    Parameters
    ----------
    optional
        Leave out what is not in the file.
    where
        File and rows, for the message of an error.

    Raises
    ------
    ConfigurationError
        A field names a particle or a column that the layout does not declare.
    MissingBranchError
        The variable of a field is not in the file; the message names branches like it.
    """
    counters = _counters(branches)
    plain = dict(counters)
    particles: dict[str, dict[str, str]] = {}
    for name in reads:
        variable = _variable(layout, name)
        branch = counters.get(name) or resolve(variable, branches)
        particle, _, field = name.partition(".")
        if branch is None and not optional:
            raise missing_branch(where, variable, branches, name)
        if branch is not None and field:
            particles.setdefault(particle, {})[field] = branch
        elif branch is not None:
            plain[name] = branch
    return Fields(plain, particles)


class NtupleSchema(BaseSchema):  # type: ignore[misc]  # coffea has no types
    """Arranges the branches of a flat or event-based ntuple by a `Layout`.

    It can be given to coffea's own `NanoEventsFactory.from_root` as ``schemaclass=schema_of(layout)``;
    `darkbelle.ntuple.reading.open_rows` adds what a schema cannot know.

    Parameters
    ----------
    base_form
        Awkward form, as a dict, of a record with one field a branch.
    layout
        What to take.
    fields
        What of it; without, all that is there.
    """

    def __init__(self, base_form: Mapping[str, Any], layout: Layout, fields: Fields | None = None) -> None:
        super().__init__(base_form)
        forms = dict(zip(base_form["fields"], base_form["contents"], strict=True))
        fields = fields or all_fields(layout, forms)
        contents = {name: forms[branch] for name, branch in fields.plain.items() if branch in forms}
        for particle, branches in fields.particles.items():
            content = {name: forms[branch] for name, branch in branches.items()}
            contents[particle] = zip_forms(content, particle, _record_name(content))
        self._form["fields"] = list(contents)
        self._form["contents"] = list(contents.values())

    @classmethod
    def behavior(cls) -> dict[Any, Any]:
        """Return the behaviours of rows and of Lorentz vectors."""
        return {**base.behavior, **vector.behavior}


def schema_of(layout: Layout, fields: Fields | None = None) -> partial[NtupleSchema]:
    """Return the schema of a layout, as coffea's factories want it: to be called with a form."""
    return partial(NtupleSchema, layout=layout, fields=fields)


def _record_name(fields: Collection[str]) -> str | None:
    return "LorentzVector" if MOMENTUM.issubset(fields) else None


def _counters(branches: Collection[str]) -> dict[str, str]:
    # where events are numbered, __production__ can be had even if it is absent: it is 0 then
    return {
        name: branch
        for name, branch in COUNTER_FIELDS.items()
        if branch in branches or (name == "production" and "__event__" in branches)
    }


def _variable(layout: Layout, name: str) -> str:
    """Return the basf2 variable of a field of the analysis."""
    if name in COUNTER_FIELDS:
        return COUNTER_FIELDS[name]
    particle, dot, field = name.partition(".")
    if dot and particle in layout.particles:
        variable = "E" if field == "energy" else field.removeprefix(_STORED)
        return _begin(layout.particles[particle]) + variable
    if not dot and name in layout.columns:
        return layout.columns[name]
    raise ConfigurationError(
        f"field {name!r} is read but not declared: particles are {', '.join(layout.particles) or 'none'}, "
        f"columns {', '.join(layout.columns) or 'none'}; declare it in the channel file"
    )


def _begin(prefix: str) -> str:
    return f"{prefix}_" if prefix else ""


def _by_prefix(prefixes: Iterable[str], branches: Iterable[str]) -> dict[str, dict[str, str]]:
    """Return suffix → branch by prefix; a branch belongs to the longest prefix that fits it."""
    longest_first = sorted(prefixes, key=len, reverse=True)
    found: dict[str, dict[str, str]] = {prefix: {} for prefix in longest_first}
    for branch in branches:
        if branch in COUNTERS:
            continue
        for prefix in longest_first:
            begin = _begin(prefix)
            if branch.startswith(begin) and len(branch) > len(begin):
                found[prefix][branch[len(begin) :]] = branch
                break
    return found


def _record_fields(suffixes: dict[str, str]) -> dict[str, str]:
    """Return field → branch of a particle, each branch under its name on disk and its alias."""
    named = suffixes | {alias: suffixes[suffix] for alias, suffix in aliases(suffixes).items()}
    return {_field_name(name, named): branch for name, branch in named.items()}


def _field_name(name: str, others: Collection[str]) -> str:
    if name == "E" and "energy" not in others:
        return "energy"
    return _STORED + name if name in _COORDINATES or name == "E" else name
