from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from darkbelle.ntuple.names import COUNTERS, ESCAPES, aliases, escape, missing_branch, resolve, unescape

variables = st.text(alphabet=[*ESCAPES, "a", "B", "7"], max_size=20)
branches = st.text(alphabet="ab_optcmi", min_size=1, max_size=8)


@pytest.mark.parametrize(
    ("variable", "branch"),
    [
        ("useCMSFrame(p)", "useCMSFrame__bop__bc"),
        ("totalEnergyOfParticlesInList(gamma:all)", "totalEnergyOfParticlesInList__bogamma__clall__bc"),
        ("L1FTDL(ffo)", "L1FTDL__boffo__bc"),
        ("formula(E/p - 1.5)", "formula__boE__slp__sp__mi__sp1__pt5__bc"),
        ("a@b&c", "a__atb__amc"),
        ("mu_p_px", "mu_p_px"),
    ],
)
def test_names_of_basf2_go_both_ways(variable: str, branch: str) -> None:
    assert escape(variable) == branch
    assert unescape(branch) == variable


def test_there_are_35_escapes_each_of_its_own() -> None:
    assert len(ESCAPES) == 35
    assert len(set(ESCAPES.values())) == 35


@given(variables)
@settings(deadline=None)
def test_every_special_character_comes_back(variable: str) -> None:
    assert unescape(escape(variable)) == variable


@given(st.text(max_size=20))
@settings(deadline=None)
def test_a_branch_name_has_letters_digits_and_underscores_only(variable: str) -> None:
    assert re.fullmatch("[A-Za-z0-9_]*", escape(variable))
    assert escape(escape(variable)) == escape(variable)


@pytest.mark.parametrize("counter", sorted(COUNTERS))
def test_counters_are_no_escaped_variables(counter: str) -> None:
    assert escape(counter) == unescape(counter) == counter


def test_an_alias_that_two_branches_share_is_given_to_none() -> None:
    # both would be called R2(all): one is escaped, one was written raw
    assert aliases(["R2__boall__bc", "R2(all)"]) == {"R2__boall__bc": "R2__boall__bc", "R2(all)": "R2(all)"}


def test_an_unambiguous_alias_is_the_variable() -> None:
    assert aliases(["M", "useCMSFrame__bop__bc"]) == {"M": "M", "useCMSFrame(p)": "useCMSFrame__bop__bc"}


@given(st.lists(branches, max_size=8))
@settings(deadline=None)
def test_each_branch_has_exactly_one_alias(names: list[str]) -> None:
    found = aliases(names)
    assert sorted(found.values()) == sorted(set(names))
    for alias, branch in found.items():
        assert alias == branch or alias not in names


def test_the_name_on_disk_is_canonical() -> None:
    assert resolve("Btag__pt", ["Btag__pt"]) == "Btag__pt"
    assert resolve("useCMSFrame(p)", ["useCMSFrame__bop__bc"]) == "useCMSFrame__bop__bc"
    assert resolve("useCMSFrame(p)", ["useCMSFrame(p)", "useCMSFrame__bop__bc"]) == "useCMSFrame(p)"
    assert resolve("R2", ["M"]) is None


def test_a_missing_branch_is_reported_with_those_like_it() -> None:
    message = str(missing_branch("f.root", "mu_p_muonIDD", ["mu_p_muonID", "nTracks"], "mu_plus.muonIDD"))
    assert "f.root: no branch 'mu_p_muonIDD', read as 'mu_plus.muonIDD'" in message
    assert "nearest are 'mu_p_muonID';" in message
