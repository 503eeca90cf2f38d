"""Channel declarations say what they mean, or are refused."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from darkbelle.channels import Channel, channel_names, load_channel
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
