from __future__ import annotations

import pytest

from darkbelle.channels import load_channel
from darkbelle.errors import ConfigurationError
from darkbelle.simulation.generators import generator_names
from darkbelle.simulation.samples import SIZES, catalogue

CHANNEL = "zprime_invisible"


@pytest.mark.parametrize("size", SIZES)
def test_the_catalogue_has_every_process_and_every_mass(size: str) -> None:
    requests = catalogue(CHANNEL, size, seed=1)  # type: ignore[arg-type]  # parametrised
    channel = load_channel(CHANNEL)
    masses = [request.options["mass"] for request in requests if request.process == channel.signal]
    assert masses == list(channel.masses)
    assert {request.process for request in requests} == set(channel.processes)
    assert {request.process for request in requests} <= set(generator_names())


def test_larger_sizes_have_more_events() -> None:
    small, demo, full = (sum(request.events for request in catalogue(CHANNEL, size, 1)) for size in SIZES)
    assert small < demo < full


def test_each_sample_has_a_seed_of_its_own_that_follows_the_seed_given() -> None:
    first, again, other = (catalogue(CHANNEL, "small", seed) for seed in (1, 1, 2))
    assert first == again
    seeds = [request.seed for request in first + other]
    assert len(set(seeds)) == len(seeds)


def test_unknown_sizes_and_channels_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="small, demo, full"):
        catalogue(CHANNEL, "huge", 1)  # type: ignore[arg-type]  # on purpose
    with pytest.raises(ConfigurationError, match="does not exist"):
        catalogue("nothing", "small", 1)
