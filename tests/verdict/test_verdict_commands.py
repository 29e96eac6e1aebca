"""decant verdict, and decant promote, which lets no red bundle through; more of what it refuses: test_evidence.py."""

import re
import shutil
from datetime import date
from pathlib import Path

import pytest
import verdicts
from verdicts import write_evidence

from decant.__main__ import main
from decant.errors import CacheError
from decant.files import digest, read_json
from decant.verdict import promotion
from decant.verdict.promotion import promote


def released(workspace):
    return [path.name for path in workspace.glob("release/*")]


def test_a_green_bundle_is_released_with_its_verdict_and_card(workspace, capsys):
    bundle = write_evidence(workspace)
    capsys.readouterr()
    assert main(["promote", "--task", "demo"]) == 0
    release = workspace / "release" / "demo"
    for path in bundle.rglob("*"):
        assert path.is_dir() or (release / path.relative_to(bundle)).read_bytes() == path.read_bytes()
    assert (release / "gate.json").read_bytes() == (workspace / "metrics/demo/gate.json").read_bytes()
    card, day = (release / "README.md").read_text().split("\n## Release\n\n")
    assert card == (workspace / "metrics/demo/card.md").read_text()
    assert re.fullmatch(r"Released on \d{4}-\d\d-\d\d outside git\.\n", day)
    md5 = digest(bundle / "onnx" / "model_quantized.onnx", "md5")
    assert capsys.readouterr().out.startswith(f"released demo ({md5}) to release/demo")
    assert main(["predict", "--task", "demo", "--bundle", str(release), "btc"]) == 0


def test_a_release_is_the_champion_from_then_on(workspace):
    write_evidence(workspace)
    assert main(["promote", "--task", "demo"]) == 0
    champion = read_json(workspace / "champions/demo.json")
    assert champion["n"] == 3
    assert sorted(champion["answers"].values()) == ["clean", "crypto", "scam"]
    assert "rent" not in (workspace / "champions/demo.json").read_text(encoding="utf-8")  # hashes, no texts


def test_promote_replaces_an_older_release(workspace):
    write_evidence(workspace)
    assert main(["promote", "--task", "demo", "--to", "out"]) == 0
    (workspace / "out" / "gate.json").write_text("old")
    assert main(["promote", "--task", "demo", "--to", "out"]) == 0
    assert (workspace / "out" / "gate.json").read_text() != "old"
    assert sorted(path.name for path in (workspace / "out").iterdir()) == sorted(
        [
            "README.md",
            "config.json",
            "decant.json",
            "gate.json",
            "golden.json",
            "onnx",
            "release.json",
            "tokenizer.json",
            "tokenizer_config.json",
        ]
    )


def test_a_red_bundle_is_refused_and_each_failed_gate_named(workspace, capsys):
    write_evidence(workspace, **verdicts.RED, split={"leakage_any": 3})
    assert main(["promote", "--task", "demo"]) == 1
    message = capsys.readouterr().err
    assert "scam_fpr 0.09 (0.06 to 0.12), max 0.08: fails" in message
    assert "leakage 3, max 0: fails" in message
    assert "int8_size" not in message
    assert released(workspace) == []


def test_a_bundle_without_a_verdict_is_refused(workspace, capsys):
    write_evidence(workspace)
    (workspace / "metrics/demo/gate.json").unlink()
    assert main(["promote", "--task", "demo"]) == 1
    assert "gate.json: missing" in capsys.readouterr().err
    assert released(workspace) == []


def test_a_missing_model_card_is_named_and_nothing_released(workspace, capsys):
    write_evidence(workspace)
    (workspace / "metrics" / "demo" / "card.md").unlink()
    assert main(["promote", "--task", "demo"]) == 1
    assert "card.md: missing. Run: dvc repro report@demo" in capsys.readouterr().err
    assert released(workspace) == []


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [("`", "'", "not about the model"), ("license: mit", "license: [", "not YAML"), ("---", "--", "no front matter")],
)
def test_a_card_of_another_model_or_that_the_hub_cannot_read_is_named_and_nothing_released(workspace, old, new, words):
    bundle = write_evidence(workspace)
    card = workspace / "metrics" / "demo" / "card.md"
    card.write_text(card.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    with pytest.raises(CacheError, match=words) as failure:
        promote("demo", bundle, workspace / "release" / "demo")
    assert "dvc repro report" in str(failure.value)
    assert released(workspace) == []


@pytest.mark.parametrize(
    ("commit", "words"),
    [
        ("ab12", "Released on 2026-11-27 at commit `ab12`."),
        ("ab12+changes", "Released on 2026-11-27 at commit `ab12`, with changes to the code that no commit has."),
        ("none", "Released on 2026-11-27 outside git."),
    ],
)
def test_a_released_card_ends_with_its_day_and_commit(commit, words):
    text = promotion.released("# demo\n\nGood.\n", commit, date(2026, 11, 27))
    assert text == f"# demo\n\nGood.\n\n## Release\n\n{words}\n"


def test_the_verdict_of_another_task_does_not_count(workspace, capsys):
    write_evidence(workspace)
    shutil.copytree(workspace / "metrics" / "demo", workspace / "metrics" / "scam")
    (workspace / "metrics" / "demo" / "gate.json").unlink()
    assert main(["promote", "--task", "demo"]) == 1
    assert "metrics/demo/gate.json: missing" in capsys.readouterr().err


def test_verdict_prints_every_gate_and_is_0_where_all_hold(workspace, capsys):
    bundle = write_evidence(workspace)
    capsys.readouterr()
    assert main(["verdict"]) == 0
    md5 = digest(bundle / "onnx" / "model_quantized.onnx", "md5")
    assert capsys.readouterr().out.splitlines() == [
        f"demo: green (model {md5})",
        "  holds  not_below_linear: 0.01 (-0.01 to 0.03), min -0.02",
        "  holds  scam_fpr: 0.0387 (0.0208 to 0.0652), max 0.08",
        "  holds  int8_size: 6,807,608, max 9,000,000",
        "  holds  leakage: 0, max 0",
        "  holds  cap_of_scam: 1, min 1",
    ]


def test_verdict_is_1_where_a_gate_fails(workspace, capsys):
    write_evidence(workspace, **verdicts.RED)
    assert main(["verdict"]) == 1
    printed = capsys.readouterr()
    assert "FAILS  scam_fpr: 0.09 (0.06 to 0.12), max 0.08" in printed.out
    assert "demo: scam_fpr 0.09 (0.06 to 0.12), max 0.08: fails" in printed.err


NOTHING = {
    "no task": ("tasks: [demo]", "tasks: []", "params.yaml: tasks: found []"),
    "a misspelt task": ("tasks: [demo]", "tasks: [dmeo]", "params.yaml: tasks: no block named 'dmeo'"),
    "a misspelt key": ("tasks: [demo]", "task: [demo]", "params.yaml: tasks: missing key"),
    "no key": ("tasks: [demo]", "", "params.yaml: tasks: missing key"),
}


@pytest.mark.parametrize("command", [["check"], ["verdict"], ["promote", "--task", "demo"]], ids=" ".join)
@pytest.mark.parametrize("case", NOTHING.values(), ids=NOTHING)
def test_nothing_to_judge_is_no_verdict(workspace, capsys, command, case):
    old, new, words = case
    text = Path("params.yaml").read_text(encoding="utf-8")
    assert old in text
    Path("params.yaml").write_text(text.replace(old, new), encoding="utf-8")
    assert main(command) == 1
    assert words in capsys.readouterr().err


def test_a_task_that_is_not_there_is_promoted_by_no_name(workspace, capsys):
    assert main(["promote", "--task", "dmeo"]) == 1
    assert "no task block named 'dmeo'; blocks are demo, scam" in capsys.readouterr().err
