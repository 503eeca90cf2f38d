"""Processors by the name of their channel."""

from __future__ import annotations

import dataclasses

import pytest

from darkbelle.channels import channel_names
from darkbelle.errors import ConfigurationError
from darkbelle.processors import ChannelProcessor, load_processor


@pytest.mark.parametrize("channel", channel_names())
def test_each_channel_has_its_processor(channel: str) -> None:
    processor = load_processor(channel)
    assert isinstance(processor, ChannelProcessor)
    assert processor.channel.name == channel


@pytest.mark.parametrize("channel", channel_names())
def test_options_survive_a_round_trip(channel: str) -> None:
    processor = load_processor(channel)
    assert load_processor(channel, dataclasses.asdict(processor)) == processor  # type: ignore[call-overload, unused-ignore]


@pytest.mark.parametrize("channel", channel_names())
def test_what_it_reads_is_declared_by_the_channel(channel: str) -> None:
    processor = load_processor(channel)
    for name in processor.reads + processor.truth_reads:
        particle, dot, _ = name.partition(".")
        assert particle in (processor.channel.particles if dot else processor.channel.columns)


def test_an_unknown_channel_names_those_there_are() -> None:
    with pytest.raises(ConfigurationError, match=r"'zprime_visible' does not exist.*zprime_invisible"):
        load_processor("zprime_visible")


def test_an_unknown_option_is_named() -> None:
    with pytest.raises(ConfigurationError, match=r"thresholds\.max_photon_energy\b[\s\S]*Unexpected"):
        load_processor("zprime_invisible", {"thresholds": {"max_photon_energy": 1.0}})


def test_a_wrong_type_is_named() -> None:
    with pytest.raises(ConfigurationError, match=r"thresholds\.max_dr"):
        load_processor("zprime_invisible", {"thresholds": {"max_dr": "wide"}})
