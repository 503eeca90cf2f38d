"""HS3, read by RooFit where an interpreter with ROOT is named, and looked at here."""

from __future__ import annotations

import json
from typing import Any

import pytest

from darkbelle.errors import FitError
from darkbelle.fitting.hs3 import hs3_of
from darkbelle.fitting.validation.testset import KINDS, Shape, draw


@pytest.fixture
def everything() -> dict[str, Any]:
    return draw(5, Shape(kinds=KINDS, bins=3))


def test_all_names_that_are_used_are_declared(everything: dict[str, Any]) -> None:
    hs3 = json.loads(json.dumps(hs3_of(everything)))
    declared = {item["name"] for item in hs3["parameter_points"][0]["parameters"]}
    used = set()
    for distribution in hs3["distributions"]:
        for sample in distribution.get("samples", []):
            for modifier in sample["modifiers"]:
                used |= set(modifier.get("parameters", [modifier.get("parameter")]))
    assert used == declared
    assert {axis["name"] for axis in hs3["domains"][0]["axes"]} == declared
    (likelihood,) = hs3["likelihoods"]
    names = {item["name"] for item in hs3["distributions"]}
    assert {*likelihood["distributions"], *likelihood["aux_distributions"]} == names
    assert likelihood["data"] == [item["name"] for item in hs3["data"]]
    assert names.isdisjoint(declared)


def test_uncertainties_stand_where_hs3_has_them(everything: dict[str, Any]) -> None:
    hs3 = hs3_of(everything)
    ours = everything["channels"][0]["samples"]
    theirs = {item["name"]: item for item in hs3["distributions"][0]["samples"]}
    (statistics,) = [item["data"] for item in ours[1]["modifiers"] if item["type"] == "staterror"]
    assert theirs["first"]["data"]["errors"] == statistics
    (shape,) = [item for item in theirs["second"]["modifiers"] if item["type"] == "shapesys"]
    assert shape["data"]["vals"] == pytest.approx([0.1] * 3)  # relative; drawn as 10 %
    (lumi,) = [item for item in hs3["distributions"] if item["type"] == "gaussian_dist"]
    assert (lumi["x"], lumi["mean"], lumi["sigma"]) == ("lumi", 1.0, 0.02)


def test_what_hs3_cannot_say_is_refused(everything: dict[str, Any]) -> None:
    settings = everything["measurements"][0]["config"]["parameters"]
    settings.append({"name": "common", "auxdata": [0.5]})
    with pytest.raises(FitError, match="sets auxdata of 'common', which HS3"):
        hs3_of(everything)
