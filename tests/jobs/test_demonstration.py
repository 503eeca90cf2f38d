"""The whole search on a small simulation: what `darkbelle demo` does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from darkbelle.channels import load_channel
from darkbelle.fitting import read_limits
from darkbelle.jobs.demonstration import Demonstration, demonstrate
from darkbelle.jobs.reports.pages import write_reports
from darkbelle.runfolder import load_result

pytestmark = pytest.mark.slow

CHANNEL = "zprime_invisible"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def demonstration(folder: Path) -> Demonstration:
    return demonstrate(CHANNEL, "small", folder)


@pytest.mark.usefixtures("demonstration")
def test_every_mass_has_an_ordered_limit_or_a_reason(folder: Path) -> None:
    limits = read_limits(folder / "run")
    assert len(limits.points) > 8
    assert {point.mass for point in limits.points} | {place.mass for place in limits.failed} == set(
        load_channel(CHANNEL).masses
    )
    # where the selection is pure, a sample as small as this has no background at all
    assert all("no simulated background event" in reason for reason in limits.failed.values())
    for point in limits.points:
        assert 0 < point.expected[0] < point.expected[2] < point.expected[4]


def test_couplings_are_in_what_there_is_to_show(demonstration: Demonstration) -> None:
    (couplings,) = (section for section in demonstration.sections if section.title == "Couplings")
    titles = [table.title for table in couplings.tables]
    assert titles == [f"Upper limits on g′, {model} model" for model in ("vanilla", "fully invisible")]


def test_all_rows_of_all_samples_are_in_the_result(demonstration: Demonstration, folder: Path) -> None:  # noqa: ARG001
    result = load_result(folder / "run")
    for item in result.datasets.values():
        assert item.rows_processed == item.rows_planned == item.dataset.origin["rows"]


def test_the_page_says_what_it_is_and_needs_no_other_file(demonstration: Demonstration) -> None:
    page = demonstration.page.read_text()
    assert "SIMULATION" in page
    assert "PSEUDO-DATA" in page
    for heading in ("Upper limits", "Couplings", "Recoil spectrum", "Resolution", "Cutflow", "normalisation"):
        assert re.search(f"<h2>.*{heading}", page)
    assert page.count("data:image/png;base64,") > 5
    assert not re.search(r'(src|href)="(?!data:)', page)


def test_the_table_of_the_page_has_the_events_of_the_cutflow(
    demonstration: Demonstration, folder: Path
) -> None:
    item = load_result(folder / "run").datasets["zprime_2"]
    after_all = item.output.cutflows["sr"].weights[-1] * item.scale_to(load_channel(CHANNEL).luminosity_fb)
    assert f"<td>{after_all:.4g}</td>" in demonstration.page.read_text()


def test_a_second_demonstration_makes_nothing_anew(demonstration: Demonstration, folder: Path) -> None:
    files = [*(folder / "samples").rglob("*.root"), *(folder / "run" / "chunks").rglob("*.gz")]
    files.append(folder / "run" / "limits.json")
    before = {file: file.stat().st_mtime_ns for file in files}
    again = demonstrate(CHANNEL, "small", folder)
    assert {file: file.stat().st_mtime_ns for file in files} == before
    assert [s.tables for s in again.sections] == [s.tables for s in demonstration.sections]


def test_pages_of_several_runs_get_an_index(demonstration: Demonstration, folder: Path) -> None:  # noqa: ARG001
    (folder / "copy").mkdir()
    for name in ("result.json", "histograms.json", "cutflow.json", "provenance.json"):
        (folder / "copy" / name).write_bytes((folder / "run" / name).read_bytes())
    index, *pages = write_reports([folder / "run", folder / "copy"], folder / "pages")
    assert [page.name for page in pages] == ["run.html", "copy.html"]
    assert all(page.name in index.read_text() for page in pages)
    assert "<h2>Upper limits" not in pages[1].read_text()  # it has none yet
