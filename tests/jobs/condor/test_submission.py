"""Submit files, word by word; that HTCondor takes them is shown on the real pool."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from darkbelle.errors import ConfigurationError
from darkbelle.jobs.condor.batch import Batch
from darkbelle.jobs.condor.site import Site, load_site
from darkbelle.jobs.condor.submission import Submission, environment_of_jobs


def submission(site: Site, folder: str = "/data/run/condor/batch-0001", **environment: str) -> Submission:
    batch = Batch(
        Path(folder), 1, transferred=site.transfer == "files", sent=12 if site.transfer == "files" else 0
    )
    return Submission(batch, "darkbelle run", site, 1500, environment)


def lines(text: str) -> dict[str, str]:
    return dict(line.split(" = ", 1) for line in text.splitlines() if " = " in line)


def test_the_submit_file_of_a_plain_pool() -> None:
    plain = load_site("plain").model_copy(update={"python": "/opt/venv/bin/python"})
    assert submission(plain, PYTHONPATH="/src").text() == (
        "universe = vanilla\n"
        "executable = /opt/venv/bin/python\n"
        'arguments = "-m darkbelle.jobs.worker /data/run/condor/batch-0001 $(group)"\n'
        'environment = "PYTHONPATH=/src"\n'
        "transfer_executable = False\n"
        "initialdir = /data/run/condor/batch-0001\n"
        "output = $(ProcId).out\n"
        "error = $(ProcId).err\n"
        "log = events.log\n"
        "batch_name = darkbelle run\n"
        "request_cpus = 1\n"
        "request_memory = 1500 MB\n"
        "request_disk = 500 MB\n"
        "max_retries = 2\n"
        "max_idle = 500\n"
        "should_transfer_files = NO\n"
        "queue group from groups.txt\n"
    )


@pytest.mark.parametrize(
    ("site", "name", "value"), [("cern", "+JobFlavour", '"longlunch"'), ("naf", "+RequestRuntime", "10800")]
)
def test_sites_have_their_own_lines(site: str, name: str, value: str) -> None:
    assert lines(submission(load_site(site)).text())[name] == value


def test_spaces_quotes_and_dollars_are_what_they_are() -> None:
    text = submission(Site(description="x"), "/my data/it's $5/batch-1", A='say "hi" now').text()
    said = lines(text)
    assert said["arguments"] == ("\"-m darkbelle.jobs.worker '/my data/it''s $(DOLLAR)5/batch-1' $(group)\"")
    assert said["environment"] == '"\'A=say ""hi"" now\'"'
    assert said["initialdir"] == "/my data/it's $(DOLLAR)5/batch-1"


def test_a_site_that_sets_what_is_ours_is_refused() -> None:
    site = Site(description="x", submit={"Log": "mine.log", "getenv": "True"})
    with pytest.raises(ConfigurationError, match="set log, which darkbelle sets itself"):
        submission(site).text()


def test_a_line_break_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="line break"):
        submission(Site(description="x"), "/a\nqueue 100").text()


def test_no_limit_of_idle_jobs_is_no_line() -> None:
    assert "max_idle" not in submission(Site(description="x", max_idle=None)).text()


def test_jobs_import_from_the_same_folders_wherever_they_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    search = environment_of_jobs({"PYTHONPATH": "src:/there", "PATH": "/bin"})
    assert search["PYTHONPATH"] == f"{tmp_path}/src:/there"
    assert "PATH" not in search
    assert "PYTHONPATH" not in environment_of_jobs({"PYTHONPATH": ""})


def transferred(**fields: object) -> dict[str, str]:
    site = Site.model_validate({"description": "x", "transfer": "files", **fields})
    return lines(submission(site, PYTHONPATH="/src").text())


def test_where_no_folder_is_shared_all_is_sent_and_fetched() -> None:
    said = transferred(python="/usr/bin/python3")
    assert said["executable"] == "/usr/bin/python3"
    assert said["arguments"] == '"start.py $(group)"'
    assert said["should_transfer_files"] == "YES"
    assert said["when_to_transfer_output"] == "ON_EXIT"
    assert said["transfer_input_files"] == "start.py,darkbelle.tar.gz,$(along)"
    assert said["transfer_output_files"] == "$(journal),$(results)"
    assert "PYTHONPATH" not in said["environment"]
    assert said["request_disk"] == "512 MB"


def test_an_archive_of_packages_goes_along_for_the_python_that_it_was_made_from(tmp_path: Path) -> None:
    archive = tmp_path / "packages.tar.gz"
    archive.touch()
    said = transferred(environment=archive)
    assert said["transfer_input_files"] == f"start.py,darkbelle.tar.gz,{archive},$(along)"
    assert Path(said["executable"]).parents[1] == Path(sys.base_prefix)
    assert Path(said["executable"]).exists()


def test_an_archive_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"make it: darkbelle pack .*none\.tar\.gz"):
        transferred(environment=tmp_path / "none.tar.gz")


def test_a_site_that_shares_nothing_sets_no_transfer_of_its_own() -> None:
    with pytest.raises(ConfigurationError, match="set should_transfer_files, which"):
        transferred(submit={"should_transfer_files": "NO"})
