from __future__ import annotations

import pickle

import pytest

from darkbelle.channels import load_channel
from darkbelle.datasets import Dataset
from darkbelle.errors import ConfigurationError
from darkbelle.ntuple.layout import JoinedRange, Layout, RowRange


def _dataset(**overrides: object) -> Dataset:
    values = {"process": "data", "files": ("a.root",), "luminosity_fb": 1.0} | overrides
    return Dataset.model_validate(values)


def test_a_dataset_overrides_the_names_of_its_channel() -> None:
    dataset = _dataset(
        particles={"mu_plus": "mu1"}, columns={"n_tracks": "nGoodTracks"}, tree="Z", joined_trees=("roe",)
    )
    layout = Layout.of(load_channel("zprime_invisible"), dataset)
    assert layout.particles == {"mu_plus": "mu1", "mu_minus": "mu_m"}
    assert layout.columns["n_tracks"] == "nGoodTracks"
    assert layout.columns["trigger_ffo"] == "L1FTDL(ffo)"
    assert (layout.tree, layout.joined_trees) == ("Z", ("roe",))


def test_an_override_of_what_the_channel_does_not_know_is_refused() -> None:
    with pytest.raises(
        ConfigurationError, match="particles mu_plsu are not declared by channel 'zprime_invisible'"
    ):
        Layout.of(load_channel("zprime_invisible"), _dataset(particles={"mu_plsu": "mu1"}))


@pytest.mark.parametrize(
    ("particles", "columns", "trees"),
    [({"event": "mu"}, {}, ()), ({"a": "mu"}, {"a": "R2"}, ()), ({}, {"roe": "R2"}, ("roe",))],
)
def test_names_must_differ(
    particles: dict[str, str], columns: dict[str, str], trees: tuple[str, ...]
) -> None:
    with pytest.raises(ConfigurationError, match="has a name that is taken already"):
        Layout(particles, columns, joined_trees=trees)


def test_two_particles_cannot_have_one_prefix() -> None:
    with pytest.raises(ConfigurationError, match="two particles have one prefix"):
        Layout({"a": "mu", "b": "mu"})


def test_layouts_and_ranges_travel() -> None:
    layout = Layout({"a": "mu"}, {"n": "nTracks"})
    rows = RowRange("a.root", "variables", 10, 30, (JoinedRange("roe", 5, 6),))
    assert pickle.loads(pickle.dumps((layout, rows))) == (layout, rows)  # noqa: S301
    assert len(rows) == 20
