"""The ledger of experiments: what each commit made of each task's figures, read from git's history.

A row per commit and task whose folder in metrics/ the commit changed, newest first. Figures carry the split that they were
measured on: test_macro_f1 is the shipped model's, linear_test_macro_f1 another contestant's. Files of any age are read.
"""

import json
import subprocess
from pathlib import Path

import pandas as pd

from decant import paths
from decant.data import formulas
from decant.errors import ResourceError
from decant.files import writing
from decant.keys import HEADLINE, bounds
from decant.shipping import shipped
from decant.verdict import shapes
from decant.verdict.headline import RESULTS

FOLDER = paths.metrics("task", "name").parent.parent  # metrics/
PARTS = ("test", "gate", "paired", "learning", "split", "quantize")  # whose figures become columns
LEARNT = ("nll", "accuracy", "macro_f1", "micro_auc", "macro_auc")  # of the student on valid
RECORD, FIELD = "\x1e", "\x1f"  # no subject holds these two


def git(*command: str, given: str | None = None) -> bytes:
    """What a git command prints, asked in the working folder. given: its stdin.

    Raises ResourceError: no git, or no history here.
    """
    try:
        done = subprocess.run(["git", *command], input=given and given.encode(), capture_output=True, check=False)
    except FileNotFoundError:
        raise ResourceError("git is not installed; the history of figures is read from it") from None
    if done.returncode:
        raise ResourceError(
            f"no history of {FOLDER}/ ({done.stderr.decode(errors='replace').strip()}). It is read from git: run this in a "
            "clone of the project that has a commit"
        )
    return done.stdout


def commits() -> list[tuple[dict[str, str], dict[str, set[str]]]]:
    """Newest first: commit, date and subject, and task -> names of the files that it changed there.

    Of a merge nothing is listed: its parents have it.
    """
    layout = f"--format={RECORD}%H{FIELD}%cI{FIELD}%s"
    printed = git("log", layout, "--name-only", "--relative", "-z", "--", f"{FOLDER}/").decode(errors="replace")
    found = []
    for record in printed.split(RECORD)[1:]:
        head, _, names = record.partition("\0")
        commit, date, subject = head.split(FIELD)
        changed: dict[str, set[str]] = {}
        for name in filter(None, names.replace("\n", "").split("\0")):
            task, *rest = Path(name).relative_to(FOLDER).parts
            if rest:  # and not metrics/dvc.yaml
                changed.setdefault(task, set()).add(rest[0])
        found.append(({"commit": commit, "date": date, "subject": subject}, changed))
    return found


def contents(wanted: list[tuple[str, str, str]]) -> dict[tuple[str, str, str], bytes | None]:
    """(commit, task, part) -> the bytes of that metrics file at that commit, None where there was none; in one process."""
    asked = "".join(f"{commit}:./{paths.metrics(task, part).as_posix()}\n" for commit, task, part in wanted)
    printed, found, place = git("cat-file", "--batch", given=asked), {}, 0
    for key in wanted:
        end = printed.index(b"\n", place)
        answer = printed[place:end].split(b" ")
        place = end + 1
        if answer[-1] == b"missing":
            found[key] = None
        else:
            size = int(answer[-1])
            found[key] = printed[place : place + size]
            place += size + 1
    return found


def rows() -> list[dict]:
    """The ledger, newest commit first and tasks by name. Raises ResourceError, as git."""
    log = [(about, task, files) for about, changed in commits() for task, files in sorted(changed.items())]
    held = contents([(about["commit"], task, part) for about, task, _ in log for part in PARTS])
    found = []
    for about, task, files in log:
        metrics, broken = {}, []
        for part in PARTS:
            text = held[about["commit"], task, part]
            try:
                metrics[part] = None if text is None else json.loads(text)
            except ValueError:  # not JSON, or not UTF-8: say so, and go on with the rest
                metrics[part] = None
                broken.append(part)
        changed = sorted(Path(name).stem for name in files if name.endswith(".json"))
        note = {"changed": " ".join(changed), "unreadable": " ".join(broken)}
        found.append(about | {"task": task} | note | figures(metrics))
    return found


def figures(metrics: dict[str, dict | None]) -> dict:
    """The columns of one task at one commit. metrics: part -> content of its file, None where there is none."""
    gate, test = metrics["gate"] or {}, shapes.contestants(metrics["test"] or {})
    results = {name: entry["result"] for name, entry in shapes.gates(gate).items()}
    found = {"verdict": gate.get("verdict")}
    if results:
        found |= {column: list(results.values()).count(result) for result, column in RESULTS.items()}
        for column, result in (("failing_gates", "fails"), ("open_gates", "open")):
            found[column] = " ".join(name for name, one in results.items() if one == result)
    found |= {"model_md5": shapes.model_md5(gate), "test_n": shapes.rows(metrics["test"] or {})}
    ours, linear = shipped(metrics["test"] or {}), (metrics["paired"] or {}).get("minus_linear", {})
    keys = [key for name in HEADLINE for key in (name, *bounds(name))]
    found |= {f"test_{key}": test.get(ours, {}).get(key) for key in keys}
    found |= {f"minus_linear_test_{key}": linear.get(key) for key in keys}
    found |= {
        f"{contestant}_test_{name}": entry.get(name)
        for contestant, entry in test.items() if contestant != ours for name in HEADLINE
    }  # fmt: skip
    student = (metrics["learning"] or {}).get("student", {})
    found |= {f"student_valid_{name}": student.get(f"valid_{name}") for name in LEARNT}
    split = metrics["split"] or {}
    found |= {f"{name}_n": split.get(name, {}).get("n") for name in paths.SPLITS if name != "test"}
    return found | {"bytes": (metrics["quantize"] or {}).get("bytes")}


def write(folder: Path) -> int:
    """ledger.csv and ledger.xlsx in `folder`, of which nothing else is touched; returns the number of rows.

    Raises ResourceError, as git; also where no commit has figures.
    """
    found = rows()
    if not found:
        raise ResourceError(
            f"no commit has changed a task in {FOLDER}/: there is nothing to list. Commit some figures first"
        )
    # whole numbers stay whole beside empty cells, and a column that no row fills is left out
    table = pd.DataFrame(found).convert_dtypes().dropna(axis="columns", how="all")
    with writing(folder / "ledger.csv") as partial:
        formulas.table(table).to_csv(partial, index=False)
    with (
        writing(folder / "ledger.xlsx") as partial,
        pd.ExcelWriter(partial, engine="xlsxwriter", engine_kwargs={"options": formulas.SHEET}) as book,
    ):
        book.book.set_properties({"created": pd.Timestamp("2000-01-01").to_pydatetime()})  # so that its bytes repeat
        table.to_excel(book, sheet_name="ledger", index=False)
        sheet = book.sheets["ledger"]
        sheet.freeze_panes(1, 4)  # commit, date, subject and task stay in sight
        sheet.autofilter(0, 0, len(table), len(table.columns) - 1)
        sheet.set_column(0, len(table.columns) - 1, 14)
        sheet.set_column(2, 2, 60)
    return len(table)
