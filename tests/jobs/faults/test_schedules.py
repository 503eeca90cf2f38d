"""Whatever happens to a run, in any order: the right bytes come out, or it is said exactly what is missing.

Each schedule starts real drivers on real files. Errors are raised in workers, workers and drivers die, files
are damaged, and in the end the rows that the run names as lost are compared with what had been done to them,
and the totals with a sum over all other rows that was made without any of it.
"""

from __future__ import annotations

import json
import os
import random
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from darkbelle.errors import NtupleError
from darkbelle.jobs.chunks import process_and_store
from darkbelle.jobs.plan import Plan, load_plan
from darkbelle.jobs.planning import PlanOptions, make_plan
from darkbelle.jobs.run import merge_only
from darkbelle.results import encode_output
from darkbelle.runfolder import FAILURES, read_json

if TYPE_CHECKING:
    from tests.jobs.faults.conftest import Drivers, Span, Undisturbed

CHANNEL = "zprime_invisible"
DEADLY = ("exit", "kill worker", "memory")
MOST_DRIVERS = 12  # a schedule has less faults that come to an end than that


class Disturbed:
    """A run folder under a schedule, beside copies of the ntuples."""

    def __init__(self, folder: Path, schedule: dict[str, Any], undisturbed: Undisturbed) -> None:
        self.schedule = schedule
        self.undisturbed = undisturbed
        self.run = folder / "run"
        self.by_stragglers: list[tuple[str, Span]] = []
        self.rng = random.Random(schedule["seed"])  # noqa: S311  # nothing secret
        samples = undisturbed.datasets.parent
        for file in (*undisturbed.tasks, "datasets.yaml"):
            shutil.copy2(samples / file, folder / file)
        (folder / "suffered").mkdir()
        (folder / "schedule.json").write_text(json.dumps(schedule))

    def make_plan(self) -> None:
        datasets, options = self.run.parent / "datasets.yaml", PlanOptions(self.schedule["chunk_rows"])
        bad = self.schedule["truncated_before_planning"]
        if bad is not None:
            self.truncate_ntuple(bad)
            with pytest.raises(NtupleError, match=bad):
                make_plan(CHANNEL, datasets, self.run, options)
            options = PlanOptions(self.schedule["chunk_rows"], quarantine=True)
        make_plan(CHANNEL, datasets, self.run, options)

    def truncate_ntuple(self, file: str) -> None:
        path = self.run.parent / file
        os.truncate(path, path.stat().st_size // 2)

    def suffered(self) -> int:
        """Return how many of the faults that come to an end have happened."""
        return len(list((self.run.parent / "suffered").iterdir()))

    def cut_short(self) -> set[str]:
        """Return the ntuples that are not whole any more."""
        good = self.undisturbed.datasets.parent
        return {
            file
            for file in self.undisturbed.tasks
            if (self.run.parent / file).stat().st_size != (good / file).stat().st_size
        }

    def results(self) -> list[Path]:
        return sorted((self.run / "chunks").glob("*/*.json.gz"))

    def damage(self, how: str, which: int) -> None:
        """Do something to the run folder that a disk, a colleague or a job that came late might do."""
        plan, results = load_plan(self.run), self.results()
        match how:
            case "half a failure":
                (self.run / FAILURES).mkdir(exist_ok=True)
                for chunk in plan.chunks():
                    (self.run / FAILURES / f"{chunk.key}.json").write_text('{"schema": 1, "fail')
            case "other times":
                for file in self.run.parent.rglob("*"):
                    moment = self.rng.uniform(0, 4e9)  # of 1970 to 2096
                    os.utime(file, (moment, moment))
            case "straggler":  # a job of an earlier driver that comes late
                cut_short = self.cut_short()
                chunks = [c for c in plan.chunks() if Path(c.file.path).name not in cut_short]
                chunk = chunks[which % len(chunks)]
                process_and_store(plan.task(chunk, self.run))
                self.by_stragglers.append((Path(chunk.file.path).name, (chunk.start, chunk.stop)))
            case "truncate ntuple":
                self.truncate_ntuple(sorted(self.undisturbed.tasks)[which % 3])
            case "swap two results" if results:
                first, last = results[0].read_bytes(), results[-1].read_bytes()
                results[0].write_bytes(last)
                results[-1].write_bytes(first)
            case _ if results:
                damage_result(results[which % len(results)], how, which)

    def is_by_straggler(self, file: str, row: int) -> bool:
        """Whether a job that came late has stored the result of a row."""
        return any(name == file and start <= row < stop for name, (start, stop) in self.by_stragglers)

    def answer(self, number: int = 0) -> dict[str, Any] | None:
        """Return what a driver answered, None if it had not come to an end."""
        text = (self.run.parent / f"answer-{number}.json").read_text()
        return dict(json.loads(text)) if text else None

    def message(self, number: int = 0) -> str:
        return (self.run.parent / f"answer-{number}.err").read_text()


def damage_result(path: Path, how: str, which: int) -> None:
    match how:
        case "flip a bit":
            content = bytearray(path.read_bytes())
            if content:  # it may have been emptied before
                content[which % len(content)] ^= 1 << which % 8
            path.write_bytes(content)
        case "half a result":
            os.truncate(path, path.stat().st_size // 2)
        case "empty result":
            os.truncate(path, 0)
        case "remove a result":
            path.unlink()
        case "leftover of a write":
            (path.parent / f".{path.name}.abcd").write_bytes(path.read_bytes()[:100])
        case other:
            raise NotImplementedError(other)


def lost_rows(items: list[dict[str, Any]]) -> dict[str, list[Span]]:
    lost: dict[str, list[Span]] = {}
    for item in items:
        lost.setdefault(Path(item["path"]).name, []).append((item["start"], item["stop"]))
    return lost


def check_codes(disturbed: Disturbed, codes: list[int]) -> None:
    """A driver ends with 0 or 1 and a message, or by the signal that was sent to it, and in no other way."""
    for number, code in enumerate(codes):
        assert code in (0, 1, -9), disturbed.message(number)
        if code == 1 and disturbed.answer(number) is None:
            assert "Error: " in disturbed.message(number)
        if code == 0:
            check_whole(disturbed)


def check_whole(disturbed: Disturbed) -> None:
    """All is there, to the last byte."""
    for name, content in disturbed.undisturbed.products.items():
        assert (disturbed.run / name).read_bytes() == content, name


def check_named(disturbed: Disturbed, lost: dict[str, list[Span]]) -> None:
    """No row is lost but by a fault that does not end, and no such fault is forgotten."""
    ever = [
        (fault["file"], fault["row"], fault["kind"] in DEADLY)
        for fault in disturbed.schedule["faults"]
        if fault["times"] is None and not fault["late"]
    ]
    cut_short = disturbed.cut_short()
    for file, spans in lost.items():
        for start, stop in spans:
            inside = [row for name, row, _ in ever if name == file and start <= row < stop]
            assert file in cut_short or inside, f"{file} {start} to {stop} is lost for no reason"
    for file, row, deadly in ever:
        if file == disturbed.schedule["truncated_before_planning"]:
            continue
        spans = [span for span in lost.get(file, []) if span[0] <= row < span[1]]
        if not spans and disturbed.is_by_straggler(file, row):
            continue  # that one suffers no faults
        (span,) = spans
        alone = all(not (span[0] <= other < span[1]) or kills for name, other, kills in ever if name == file)
        if deadly and alone and file not in cut_short:
            assert span == disturbed.undisturbed.event(file, row)


def check_total(disturbed: Disturbed, plan: Plan, lost: dict[str, list[Span]]) -> None:
    """What is merged without them is the sum over all other rows."""
    result, histograms, cutflows = (
        read_json(disturbed.run / name) for name in ("result.json", "histograms.json", "cutflow.json")
    )
    before = disturbed.schedule["truncated_before_planning"]
    if before is not None:
        lost = {**lost, before: [(0, disturbed.undisturbed.rows[before])]}
    for dataset in plan.datasets:
        expected = encode_output(disturbed.undisturbed.without(dataset, lost))
        assert histograms["histograms"][dataset] == expected["histograms"]
        assert cutflows["cutflows"][dataset] == expected["cutflows"]
        rows = result["datasets"][dataset]["rows"]
        assert rows["processed"] == expected["rows"]
        assert rows["planned"] == rows["processed"] + rows["quarantined"]
    named = [item for item in result["quarantined"] if item["start"] is not None]
    assert lost_rows(named) == {file: spans for file, spans in lost.items() if spans and file != before}


def under(schedule: dict[str, Any], folder: Path, undisturbed: Undisturbed, drivers: Drivers) -> None:
    """Let a schedule happen, and check all that comes of it."""
    disturbed = Disturbed(folder, schedule, undisturbed)
    disturbed.make_plan()
    for step in schedule["steps"]:
        check_codes(disturbed, drivers(disturbed.run, step["drivers"], step["kill_after"]))
        for how in step["then"]:
            disturbed.damage(how, step["which"])
    for _ in range(MOST_DRIVERS):
        suffered = disturbed.suffered()
        (code,) = drivers(disturbed.run)
        check_codes(disturbed, [code])
        answer = disturbed.answer()
        if answer is not None:
            check_answer(disturbed, code, answer)
            if code == 0 or disturbed.suffered() == suffered:  # what is left does not end
                break
    assert answer is not None, disturbed.message()
    check_named(disturbed, lost_rows(answer["failed"]))


def check_answer(disturbed: Disturbed, code: int, answer: dict[str, Any]) -> None:
    """What a driver names as lost is all that is missing from what is then merged without it."""
    lost = lost_rows(answer["failed"])
    assert (code == 0) == (not lost and disturbed.schedule["truncated_before_planning"] is None)
    if code == 0:
        return
    report = merge_only(disturbed.run, allow_loss=True)
    assert lost_rows(report.summary()["failed"]) == lost
    check_total(disturbed, load_plan(disturbed.run), lost)


@pytest.mark.timeout(240)  # for what hangs: it takes a second, or a minute beside much else
def test_a_run_is_right_or_names_what_is_missing(
    seed: int,
    tmp_path: Path,
    undisturbed: Undisturbed,
    drivers: Drivers,
    schedules: Any,
) -> None:
    under(schedules.schedule(seed, undisturbed.rows), tmp_path, undisturbed, drivers)
