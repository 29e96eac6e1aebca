"""The comment on a pull request, of small repositories whose change is known."""

import json
import re
import shutil
from pathlib import Path

import pytest
from dvc.repo import Repo
from reviewing import CHECKED, committed, figures_of, gold, predictions, result, started, two, without_cache, write
from shell import run

from decant.__main__ import main
from decant.review.comment import MARKER

WRONG = list(range(60))


def say(capsys, *options: str) -> str:
    assert main(["pr", *options]) == 0
    return capsys.readouterr().out


def row(text: str, name: str) -> list[str]:
    """The cells of the line of a table that begins with a name."""
    line = next(line for line in text.splitlines() if line.startswith(f"| `{name}` |"))
    return [cell.strip() for cell in line.strip("|").split("|")]


@pytest.fixture
def here(tmp_path, monkeypatch) -> Path:
    folder = tmp_path / "repo"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def test_an_improvement_is_called_better_with_its_size_and_rows(here, capsys):
    base = two(here, predictions(WRONG), predictions(WRONG[:20]))
    text = say(capsys, "--base", base)
    assert text.startswith(f"{MARKER}\n\n### Decant: `{base[:9]}` → `the working tree`\n")
    line = next(line for line in text.splitlines() if line.startswith("- "))
    assert line.startswith("- 🟢 `demo` **red → green**: better than before by 16.7 points of macro F1, ")
    assert line.endswith("; 40 rows mended, 0 broken (p < .001)")
    assert "Compared on the 240 test rows that both have. " in text
    assert row(text, "macro_f1") == ["`macro_f1`", "0.7500", "0.9167", "≥ 0.85", "fails → holds", "better"]
    assert row(text, "size")[-1] == "same"


def test_a_change_within_noise_is_called_so(here, capsys):
    base = two(here, predictions(WRONG[:20]), predictions(WRONG[3:21]))
    text = say(capsys, "--base", base)
    assert "**green**: no difference from before shown: 0.8 points of macro F1, interval -" in text
    assert row(text, "macro_f1")[-1] == "noise"


def test_a_regression_is_red_and_called_worse(here, capsys):
    base = two(here, predictions(WRONG[:20]), predictions(WRONG))
    text = say(capsys, "--base", base)
    assert "- 🔴 `demo` **green → red**: worse than before by 16.7 points of macro F1" in text
    assert row(text, "macro_f1")[-2:] == ["**holds → fails**", "worse"]
    assert row(text, "scam_fpr")[-1] == "worse"
    assert re.search(r"Right before, wrong now \(40\): `row-20`, .* and 20 more", text)
    assert "text 20" not in text, "texts stay out of a comment"


def test_a_base_of_the_older_layout_is_compared_figure_by_figure(here, capsys):
    base = two(here, predictions(WRONG), predictions(WRONG[:20]), old_nested=False)
    text = say(capsys, "--base", base)
    assert row(text, "scam_fpr")[-1] == "better"
    f1 = figures_of(predictions(WRONG[:20]))["student_int8"]["classes"]["scam"]["f1"]
    assert row(text, "test.student_int8.scam.f1")[1:] == ["0.7500", f"{f1:.4f}", f"{f1 - 0.75:+.4f}"]
    assert not re.search(r"classes\.", text)


def test_nothing_changed_is_one_line(here, capsys):
    repo = started(here)
    result(here, predictions(WRONG))
    committed(repo, "before")
    text = say(capsys, "--base", "main")
    assert text.splitlines()[4:] == ["- 🔴 `demo` **red**: unchanged"]


def test_without_the_answers_of_the_base_the_figures_that_git_holds_are_compared(here, capsys):
    base = two(here, predictions(WRONG), predictions(WRONG[:20]))
    shutil.rmtree(here / ".dvc/cache")
    text = say(capsys, "--base", base)
    assert "macro F1 0.750 -> 0.917: whether that is more than noise cannot be said" in text
    assert "predictions.parquet" in text
    assert "not in the cache of this clone, and no dvc remote is the default one" in text
    assert row(text, "macro_f1")[-1] == "not judged"


def test_intervals_that_lie_apart_tell_without_answers_too(here, capsys):
    base = two(here, predictions(WRONG), predictions(WRONG[:20]))
    for file, low, high in (("old", 0.70, 0.80), ("new", 0.88, 0.95)):
        test = json.loads((here / "metrics/demo/test.json").read_text(encoding="utf-8"))
        if file == "old":
            test["student_int8"]["macro_f1"] = 0.75
        test["student_int8"] |= {"macro_f1_low": low, "macro_f1_high": high}
        write(here / f"{file}.json", test)
    shutil.copy(here / "old.json", here / "metrics/demo/test.json")
    run(here, "git", "stash", "push", "-q", "metrics/demo/gate.json", "dvc.lock")
    run(here, "git", "commit", "-qam", "intervals")
    run(here, "git", "stash", "pop", "-q")
    shutil.copy(here / "new.json", here / "metrics/demo/test.json")
    without_cache(here)
    text = say(capsys, "--base", "main")
    assert base not in text
    assert ": better, the intervals lie apart" in text


def test_answers_are_fetched_from_the_default_remote(here, tmp_path, capsys):
    repo = started(here, remote=tmp_path / "remote")
    result(here, predictions(WRONG))
    base = committed(repo, "before")
    result(here, predictions(WRONG[:20]))
    head = committed(repo, "after")
    Repo(str(here)).push(all_commits=True)
    without_cache(here)
    text = say(capsys, "--base", base, "--head", head)
    assert f"`{base[:9]}` → `{head[:9]}`" in text
    assert "better than before by 16.7 points" in text


def test_bytes_of_the_remote_that_are_not_those_of_the_lock_are_not_compared(here, tmp_path, capsys):
    repo = started(here, remote=tmp_path / "remote")
    result(here, predictions(WRONG))
    base = committed(repo, "before")
    result(here, predictions(WRONG[:20]))
    committed(repo, "after")
    Repo(str(here)).push(all_commits=True)
    md5 = re.search(
        r"md5: (\w+)\s+size: \d+", run(here, "git", "show", f"{base}:dvc.lock").stdout.split("predictions")[1]
    )
    stored = tmp_path / "remote/files/md5" / md5[1][:2] / md5[1][2:]
    stored.chmod(0o644)
    stored.write_bytes(b"other")
    without_cache(here)
    assert "other bytes than its name says" in say(capsys, "--base", base, "--head", "HEAD")


def test_a_task_is_new_or_removed(here, capsys):
    repo = started(here)
    committed(repo, "nothing yet")
    result(here, predictions(WRONG))
    committed(repo, "demo")
    assert "- 🔴 `demo` **no verdict → red**: new" in say(capsys, "--base", "HEAD^")
    text = say(capsys, "--base", "HEAD", "--head", "HEAD^")
    assert "- ⚪ `demo` **red → no verdict**: removed" in text
    assert row(text, "macro_f1")[-2:] == ["fails → none", "removed"]


def test_rows_that_one_side_has_and_other_gold_are_counted(here, capsys):
    new = predictions(WRONG[:20])
    new.loc[3, "answer"] = "clean" if gold()[3] != "clean" else "scam"
    new.loc[4, "id"] = "row-1000"
    new.loc[5, "text"] = "cleaned in another way"
    base = two(here, predictions(WRONG), new)
    text = say(capsys, "--base", base)
    assert "Compared on the 237 test rows that both have; 1 only before; 1 only now; 1 with other text. " in text
    assert "Left out, for another gold answer now: 1 row, `row-3`." in text


def test_params_that_changed_are_listed_with_their_tasks(here, capsys):
    repo = started(here)
    result(here, predictions(WRONG))
    base = committed(repo, "before")
    text = (here / "params.yaml").read_text(encoding="utf-8")
    block = text.index("\ndemo:")
    changed = text[:block] + text[block:].replace("rows: 3000", "rows: 4000", 1)
    write(here / "params.yaml", changed.replace("\nseeds: [13]", "\nseeds: [13, 29]"))
    said = say(capsys, "--base", base)
    assert row(said, "generator.rows") == ["`generator.rows`", "3,000", "4,000", "`demo`"]
    assert row(said, "seeds")[-1] == "all"
    assert "2 params changed" in said


def test_a_default_counts_for_the_tasks_that_take_it(here, capsys):
    repo = started(here)
    result(here, predictions(WRONG))
    blocks = "demo: {a: {b: 2}}\nother: {c: 1}\nlast: {}\n"
    write(here / "params.yaml", f"tasks: [demo]\ndefaults: {{a: {{b: 1}}}}\n{blocks}gone: {{}}\n")
    base = committed(repo, "before")
    write(here / "params.yaml", f"tasks: [demo]\ndefaults: {{a: {{b: 3}}}}\n{blocks}came: {{}}\n")
    text = say(capsys, "--base", base)
    assert row(text, "a.b") == ["`a.b`", "1", "3", "`other`, `last`"]
    assert row(text, "came") == ["`came`", "", "`a block`", "`came`"]
    assert row(text, "gone") == ["`gone`", "`a block`", "", "`gone`"]


BENCHMARK = {"int8_ms_p50": 3.0, "bundle_bytes": 9133549, "threads": 1, "processor": "A", "instructions": "avx2"}


@pytest.mark.parametrize(
    ("now", "said"),
    [
        ({"int8_ms_p50": 2.0}, "| `int8_ms_p50` | 3.0000 | 2.0000 |"),
        ({"processor": "B"}, "two machines: processor `A` and `B`"),
        ({"threads": 4}, "two machines: threads `1` and `4`"),
        ({"clock": "thread"}, "by two clocks: clock `wall` and `thread`"),
        ({}, "Size and speed: not measured again."),
    ],
)
def test_size_and_speed_are_compared_on_one_machine_alone(here, capsys, now, said):
    repo = started(here)
    result(here, predictions(WRONG))
    write(here / "metrics/demo/benchmark.json", BENCHMARK)
    base = committed(repo, "before")
    result(here, predictions(WRONG[:20]))
    repo.commit(force=True)
    write(here / "metrics/demo/benchmark.json", BENCHMARK | now)
    assert said in say(capsys, "--base", base)


def test_a_figure_stands_in_one_line_with_its_interval(here, capsys):
    repo = started(here)
    result(here, predictions(WRONG))
    write(here / "metrics/demo/soften.json", {"a": 0.5, "a_low": 0.4, "a_high": 0.6, "b": 0.12341, "c": 1, "d_low": 2})
    base = committed(repo, "before")
    write(here / "metrics/demo/soften.json", {"a": 0.5, "a_low": 0.45, "a_high": 0.6, "b": 0.12339, "c": 2, "d_low": 3})
    text = say(capsys, "--base", base)
    assert row(text, "soften.a")[1:] == ["0.5000 (0.4000 to 0.6000)", "0.5000 (0.4500 to 0.6000)", "+0.0000"]
    assert row(text, "soften.c")[1:] == ["1", "2", "+1"]
    assert row(text, "soften.d_low")[1:] == ["2", "3", "+1"]
    assert "soften.b" not in text, "older files hold four decimals"
    assert "demo: 3 figures changed" in text


def test_a_bound_that_was_moved_is_shown(here, capsys):
    base = two(here, predictions(WRONG), predictions(WRONG[:20]))
    gate = json.loads((here / "metrics/demo/gate.json").read_text(encoding="utf-8"))
    gate["gates"]["macro_f1"]["bound"] = 0.7
    write(here / "metrics/demo/gate.json", gate)
    assert row(say(capsys, "--base", base), "macro_f1")[3] == "0.85 → ≥ 0.7"


def test_ids_and_labels_cannot_break_the_comment(here, capsys):
    old, new = predictions(WRONG), predictions(WRONG[:20])
    evil = "`|<img src=x>|`\n@team </details>"
    for frame in (old, new):
        frame.loc[30, "id"] = evil
    base = two(here, old, new)
    text = say(capsys, "--base", base)
    assert "@" not in text
    assert "<img" not in text
    assert text.count("<details>") == text.count("</details>")
    assert "&#96;&#124;&#60;img src&#61;x&#62;" in text


def test_a_long_comment_is_cut_whole_and_says_how_to_see_the_rest(here, capsys):
    base = two(here, predictions(WRONG), predictions(WRONG[:20]))
    write(here / "metrics/demo/split.json", {f"a_rather_long_name_of_a_figure_{number}_{'x' * 60}": number
                                              for number in range(700)})  # fmt: skip
    for number in range(4):
        write(here / f"metrics/other{number}/split.json", {f"{'y' * 100}{row}": row for row in range(300)})
    text, whole = say(capsys, "--base", base), say(capsys, "--base", base, "--all")
    assert len(text) <= 60_000 < len(whole)
    assert text.count("<details>") == text.count("</details>")
    assert text.rstrip().endswith(f"`python -m decant pr --base {base} --all` prints all of it.")
    assert "more are not shown" in text
    assert "figure_699_" in whole


def test_the_comment_is_written_whole_to_a_file(here, capsys):
    base = two(here, predictions(WRONG), predictions(WRONG[:20]))
    assert say(capsys, "--base", base, "--out", "comment.md") == ""
    assert (here / "comment.md").read_text(encoding="utf-8") == say(capsys, "--base", base)


def test_outside_git_and_an_unknown_base_are_clear_errors(here, capsys):
    assert main(["pr", "--base", "main"]) == 1
    assert "error: no git checkout here" in capsys.readouterr().err
    committed(started(here), "one")
    assert main(["pr", "--base", "nowhere"]) == 1
    assert "--base nowhere: git knows no such revision. Fetch it (git fetch origin nowhere)" in capsys.readouterr().err
    assert main(["pr", "--base=--all"]) == 1
    run(here, "git", "update-ref", "refs/remotes/origin/trunk", "HEAD")
    assert main(["pr", "--base", "trunk"]) == 1
    assert "Write --base origin/trunk" in capsys.readouterr().err


def test_a_file_that_cannot_be_read_is_named_with_its_revision(here, capsys):
    two(here, predictions(WRONG), predictions(WRONG[:20]))
    write(here / "metrics/demo/gate.json", "{")
    assert main(["pr", "--base", "main"]) == 1
    assert "metrics/demo/gate.json at the working tree: not JSON" in capsys.readouterr().err
    write(here / "metrics/demo/gate.json", {"verdict": "red", "gates": {"size": {"value": 1}}})
    assert main(["pr", "--base", "main"]) == 1
    assert "gate 'size' has no 'bound'" in capsys.readouterr().err


def test_a_gate_on_an_auc_is_judged_by_the_scores(here, capsys):
    repo = started(here)
    asked = [["micro_auc", {"metric": "test", "key": "student_int8.micro_auc", "minus": None, "min": 0.9, "max": None}]]
    write(here / "checked/demo.json", CHECKED | {"gates": asked})
    for wrong in (WRONG, WRONG[:20]):
        result(here, predictions(wrong))
        entry = {"metric": "test", "key": "student_int8.micro_auc", "value": 0.9, "bound": 0.9, "side": "min",
                 "by": "value", "result": "holds"}  # fmt: skip
        write(here / "metrics/demo/gate.json", {"verdict": "green", "gates": {"micro_auc": entry}})
        if wrong == WRONG:
            base = committed(repo, "before")
        else:
            repo.commit(force=True)
    text = say(capsys, "--base", base)
    assert row(text, "micro_auc")[-1] == "better"
    assert "points of micro AUC" in text
