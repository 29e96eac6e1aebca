"""What each single edit runs again: exactly the stages that use what it changes, and no other task's."""

import json
import re
import shutil
from pathlib import Path

import pytest
from graph import ROOT
from ruamel.yaml import YAML

from decant.paths import SPLITS
from decant.runs import declared
from decant.settings import check

MAP = YAML(typ="safe", pure=True).load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
COPIED = ("decant", "stages", "params.yaml", "constraints.txt")
TASKS = ("demo", "scam")
ENCODER = "minilm"
LEARNING = {"teacher", "search", "gain"}  # those that read the section teacher
RULED = {"prepare", "split", "profile", "gain", "search", "baseline", "teacher", "distil", "capacity", "quantize",
         "thresholds", "bundle", "evaluate", "report"}  # those that read decision  # fmt: skip


@pytest.fixture(scope="module")
def before(tmp_path_factory):
    """What every stage declares before any edit."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        return inputs(copy(tmp_path_factory.mktemp("before")), monkeypatch)


@pytest.fixture
def project(tmp_path):
    return copy(tmp_path)


def copy(tmp_path: Path) -> Path:
    """A folder with all that check reads, and one raw file."""
    for name in COPIED:
        source, target = ROOT / name, tmp_path / name
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    params = tmp_path / "params.yaml"  # with the values that the edits change, whatever an experiment has left there
    text = params.read_text(encoding="utf-8")
    for key, value in {"tasks: ": "[demo]", "seeds: ": "[13]"}.items():
        text = re.sub(rf"(?m)^{key}\[.*?\]", f"{key}{value}", text)
    params.write_text(re.sub(r"caps: \{scam: [\d.]+\}", "caps: {scam: 0.08}", text, count=1), encoding="utf-8")
    raw = tmp_path / "data/raw/scam/sample.jsonl"
    raw.parent.mkdir(parents=True)
    raw.write_text("{}\n", encoding="utf-8")
    return tmp_path


def inputs(project: Path, monkeypatch) -> dict[tuple[str, str], dict]:
    """(stage, task) -> all that it declares; what other stages write is not there, and so does not count."""
    written = json.loads(json.dumps(check.contents(project / "params.yaml", project)))
    written["manifest"] = {"rows": dict.fromkeys(SPLITS, "")}  # of split, which writes the rows
    monkeypatch.setattr(declared, "read_json", lambda path: written[Path(path).stem])
    real = declared.digest_of
    monkeypatch.setattr(declared, "digest_of", lambda path: real(project / path) if (project / path).exists() else "")
    items = {task: {"task": task, "encoder": ENCODER, "seed": "13"} for task in TASKS}
    stages = [name for name, stage in MAP.items() if "foreach" not in stage and name != "check"]
    found = {(name, task): declared.inputs(name, item) for name in stages for task, item in items.items()}
    monkeypatch.setattr(declared, "digest_of", real)
    return found


def replaced(name: str, old: str, new: str, count: int = 1):
    def edit(project: Path) -> None:
        file = project / name
        text = file.read_text(encoding="utf-8")
        assert old in text, f"{name}: {old}"
        file.write_text(text.replace(old, new, count), encoding="utf-8")

    return edit


def appended(name: str, text: str):
    def edit(project: Path) -> None:
        with (project / name).open("a", encoding="utf-8") as file:
            file.write(text)

    return edit


def both(*stages: str) -> dict[str, set[str]]:
    return {task: set(stages) for task in TASKS}


def params(old: str, new: str):
    return replaced("params.yaml", old, new)


# edit -> task -> the stages that run again, besides check
EDITS = {
    "a comment in a stage": (appended("stages/teacher.py", "# a word\n"), both()),
    "a comment in params.yaml": (appended("params.yaml", "# a word\n"), both()),
    "a docstring that every stage imports": (
        replaced("decant/files.py", '"""Hex digest of a file\'s bytes."""', '"""Digest."""'),
        both(),
    ),
    "the tasks that are built": (params("tasks: [demo]", "tasks: [demo, scam]"), both()),
    "an encoder that is not used": (
        params("vocab_size: 50265", "vocab_size: 50264"),
        both("report"),
    ),  # the card looks its encoder up
    "a default that scam overrides": (
        params("    leaks: fail  #", "    leaks: report  #"),
        {"demo": {"split"}, "scam": set()},
    ),
    "a default of the teacher that scam overrides": (
        params("  teacher:  # fine-tuning\n    epochs: 4", "  teacher:  # fine-tuning\n    epochs: 5"),
        {"demo": LEARNING, "scam": set()},
    ),
    "a default of the teacher": (
        params("    clip: 1.0  # longest gradient", "    clip: 2.0  # longest gradient"),
        both(*LEARNING),
    ),
    "a key of one section": (params("min: -0.02}  # two points", "min: -0.03}  # two points"), both("gate")),
    "a cap of one task": (
        params("caps: {scam: 0.08}", "caps: {scam: 0.07}"),
        {"demo": {"thresholds", "gate", "report"}, "scam": set()},
    ),
    "what the runtime takes": (
        params("max_characters: 20000", "max_characters: 30000"),
        both("quantize", "thresholds", "bundle", "evaluate", "benchmark"),
    ),
    "the order of a head's labels": (
        params("labels: [clean, scam]}", "labels: [scam, clean]}"),
        {"demo": set(), "scam": RULED | {"encoder", "adapt", "noise", "soften", "export", "benchmark"}},
    ),
    "the order of two gates": (
        params(
            "    scam_fpr: {metric: test, key: student_int8.classes.scam.fpr, max: 0.08}  # the cap, on test\n"
            "    not_below_linear: {min: -0.04}",
            "    not_below_linear: {min: -0.04}\n"
            "    scam_fpr: {metric: test, key: student_int8.classes.scam.fpr, max: 0.08}  # the cap, on test",
        ),
        {"demo": set(), "scam": set()},  # the defaults name not_below_linear first: merged, their order is the same
    ),
    "the seeds": (
        params("seeds: [13]", "seeds: [13, 14]"),
        both("soften", "distil", "capacity", "learning", "evaluate", "benchmark", "report"),
    ),
    "the rates of the encoder": (
        params(
            "    pooling: mean  # what it was trained with",
            "    pooling: mean  # what it was trained with\n    teacher: {warmup: 0.2}",
        ),
        both("report", "encoder", "search", "teacher", "gain"),
    ),
    "a function in a leaf module": (
        replaced("decant/report/figures.py", "several = len(labels) > MANY", "several = len(labels) >= MANY"),
        both("profile", "report"),
    ),
    "a stage's own code": (appended("stages/quantize.py", "\nMORE = 1\n"), both("quantize")),
    "a new key of the settings of gates": (
        replaced(
            "decant/settings/gates.py",
            "    min: float",
            '    most: float | None = None\n    """More."""\n    min: float',
        ),
        both("gate"),
    ),
    "a pinned version that only figures need": (
        replaced("constraints.txt", "matplotlib==", "matplotlib==9."),
        both("profile", "report"),
    ),
    "a pinned version that no stage imports": (replaced("constraints.txt", "pytest==", "pytest==9."), both()),
    "the phrases of the demo": (appended("stages/demo.yaml", "# a word\n"), both("demo")),
    "the golden texts": (replaced("stages/golden.json", "Rent is due", "The rent is due"), both("bundle")),
    "a raw byte": (
        appended("data/raw/scam/sample.jsonl", "{}\n"),
        {"demo": set(), "scam": {"prepare", "unlabelled"}},
    ),
}


@pytest.mark.parametrize(("edit", "expected"), EDITS.values(), ids=EDITS)
def test_an_edit_runs_again_what_it_changes_and_nothing_else(project, before, monkeypatch, edit, expected):
    edit(project)
    after = inputs(project, monkeypatch)
    changed = {key for key in before if before[key] != after[key]}
    assert {task: {name for name, of in changed if of == task} for task in TASKS} == expected


def test_a_version_of_torch_runs_everything_again_that_imports_it(project, before, monkeypatch):
    replaced("constraints.txt", "torch==", "torch==9.")(project)
    after = inputs(project, monkeypatch)
    changed = {name for name, task in before if before[name, task] != after[name, task]}
    assert {"adapt", "teacher", "search", "gain", "distil", "capacity", "soften", "export", "evaluate"} <= changed
    assert not {"prepare", "split", "unlabelled", "gate", "report"} & changed
