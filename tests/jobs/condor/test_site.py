from __future__ import annotations

from pathlib import Path

import pytest

from darkbelle.errors import ConfigurationError
from darkbelle.jobs.condor.site import load_site, site_names


@pytest.mark.parametrize("name", site_names())
def test_sites_that_ship_are_valid_and_described(name: str) -> None:
    site = load_site(name)
    assert site.description
    assert site.memory <= site.largest_memory


def test_a_site_of_ones_own_is_a_file(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("description: mine\nmemory: 123\nsubmit: {+Project: '\"belle\"'}\n")
    site = load_site(str(file))
    assert site.memory == 123
    assert site.submit == {"+Project": '"belle"'}


def test_an_archive_lies_beside_the_file_that_names_it(tmp_path: Path) -> None:
    file = tmp_path / "far.yaml"
    file.write_text("description: far\ntransfer: files\nenvironment: packages.tar.gz\n")
    assert load_site(file).environment == tmp_path / "packages.tar.gz"


def test_an_unknown_site_is_refused_with_those_there_are() -> None:
    with pytest.raises(ConfigurationError, match="there are: cern, kekcc, naf, plain"):
        load_site("nowhere")


def test_a_site_file_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"mine\.yaml does not exist"):
        load_site(tmp_path / "mine.yaml")


@pytest.mark.parametrize("text", ["description: x\nmemmory: 3\n", "description: x\nmemory: 0\n", "a: [1\n"])
def test_a_wrong_site_file_is_refused(text: str, tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(text)
    with pytest.raises(ConfigurationError, match=r"mine\.yaml"):
        load_site(file)
