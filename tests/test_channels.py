"""Channel declarations say what they mean, or are refused."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from darkbelle.channels import Channel, Systematic, channel_names, load_channel
from darkbelle.errors import ConfigurationError


@pytest.mark.parametrize("name", channel_names())
def test_every_channel_loads_and_has_one_signal(name: str) -> None:
    channel = load_channel(name)
    if channel.result != "corrections":
        assert sum(process.role == "signal" for process in channel.processes.values()) == 1
    assert channel.masses == tuple(sorted(channel.masses))


def test_the_control_regions_of_the_zprime_search_are_declared() -> None:
    regions = load_channel("zprime_invisible").regions
    assert [name for name in regions if name.startswith("cr_")] == [
        "cr_ee",
        "cr_emu",
        "cr_mumugamma_veto",
        "cr_mumugamma_recoil",
    ]


def test_axis_edges_are_regular() -> None:
    axis = load_channel("zprime_invisible").axes["m2_recoil"]
    np.testing.assert_allclose(np.diff(axis.edges), 0.05)
    assert (axis.edges[0], axis.edges[-1]) == (-10, 105)


def test_an_undeclared_axis_is_named() -> None:
    data = load_channel("zprime_invisible").model_dump()
    data["observables"]["recoil"]["axes"] = ("m2_recol", "theta_recoil_cm")
    with pytest.raises((ConfigurationError, ValidationError), match="'m2_recol', which is not declared"):
        Channel.model_validate(data)


def test_an_unknown_key_is_refused() -> None:
    data = load_channel("zprime_invisible").model_dump() | {"luminosity": 3}
    with pytest.raises(ValidationError, match="luminosity"):
        Channel.model_validate(data)


def test_an_unknown_channel_lists_those_there_are() -> None:
    with pytest.raises(ConfigurationError, match=r"'zprime' does not exist.*zprime_invisible"):
        load_channel("zprime")


def test_a_final_state_is_fitted_in_a_region_of_its_own() -> None:
    channel = load_channel("tau_to_lalpha")
    assert channel.final_states == ("e", "mu")
    region, fit = channel.fitted_region("mu")
    assert (region, fit.observable) == ("sr_mu", "x_lepton")
    assert load_channel("zprime_invisible").fitted_region()[0] == "sr"
    with pytest.raises(ConfigurationError, match="fits no final state 'tau'; name one of e, mu"):
        channel.fitted_region("tau")


def test_a_fit_to_an_undeclared_observable_is_refused() -> None:
    data = load_channel("tau_to_lalpha").model_dump()
    data["regions"]["sr_e"]["fit"]["observable"] = "x"
    with pytest.raises((ConfigurationError, ValidationError), match="fits observable 'x'"):
        Channel.model_validate(data)


@pytest.mark.parametrize(("kind", "size"), [("free", 0.1), ("shift", 0.0), ("normalisation", 0.0)])
def test_only_a_free_normalisation_has_no_size(kind: str, size: float) -> None:
    with pytest.raises((ConfigurationError, ValidationError), match="a free normalisation has none"):
        Systematic.model_validate({"kind": kind, "size": size, "source": "here"})
