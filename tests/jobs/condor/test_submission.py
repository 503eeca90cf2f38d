"""Submit files, word by word; that HTCondor takes them is shown on the real pool."""

from __future__ import annotations

from pathlib import Path

import pytest

from darkbelle.errors import ConfigurationError
from darkbelle.jobs.condor.site import Site, load_site
from darkbelle.jobs.condor.submission import Submission, environment_of_jobs


def submission(site: Site, folder: str = "/data/run/condor/batch-0001", **environment: str) -> Submission:
    return Submission(Path(folder), "darkbelle run", site, 1500, environment)


def lines(text: str) -> dict[str, str]:
    return dict(line.split(" = ", 1) for line in text.splitlines() if " = " in line)


def test_the_submit_file_of_a_plain_pool() -> None:
    plain = load_site("plain").model_copy(update={"python": "/opt/venv/bin/python"})
    assert submission(plain, PYTHONPATH="/src").text() == (
        "universe = vanilla\n"
        "executable = /opt/venv/bin/python\n"
        "transfer_executable = False\n"
        'arguments = "-m darkbelle.jobs.worker /data/run/condor/batch-0001 $(group)"\n'
        'environment = "PYTHONPATH=/src"\n'
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
