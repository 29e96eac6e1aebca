"""The road with `ship: linear`: what was trained stays, and the linear model is bundled, judged, shown and released."""

import json
import re
import shutil

import pandas as pd
import pytest
from graph import ROOT
from ruamel.yaml import YAML
from shell import run

PAGE = (ROOT / "docs" / "bundle.md").read_text(encoding="utf-8")
TOLD = YAML(typ="safe").load(re.search(r"```yaml\n(.*?)```", PAGE, re.DOTALL)[1])  # what the page says to write
# of the demo's own gates, and wide: the tiny models of the road have learnt next to nothing
OWN = {"scam_fpr": {"metric": "test", "key": "linear.classes.scam.fpr", "max": 1.0}, "int8_loss": {"min": -1.0}}


def edit(folder, gates):
    yaml = YAML()
    tree = yaml.load((folder / "params.yaml").read_text())
    tree["demo"]["ship"] = TOLD["ship"]
    tree["demo"]["gates"] |= gates
    with (folder / "params.yaml").open("w") as file:
        yaml.dump(tree, file)


@pytest.fixture(scope="module")
def linear(road, tmp_path_factory):
    """The road after an edit of params and `dvc repro`, with what that printed in printed.txt; committed."""
    folder = tmp_path_factory.mktemp("linear") / "road"
    shutil.copytree(road, folder, symlinks=True)
    edit(folder, TOLD["gates"] | OWN)
    (folder / "printed.txt").write_text(run(folder, "dvc", "repro").stdout)
    run(folder, "git", "commit", "--quiet", "--all", "--message", "ship the linear model")
    return folder


def metrics(folder, name):
    return json.loads((folder / "metrics" / "demo" / f"{name}.json").read_text())


def flat(entry):
    """Dotted key -> number."""
    return pd.json_normalize(entry).iloc[0].to_dict()


def test_nothing_is_trained_again(linear):
    started = set(re.findall(r"Running stage '(\w+)(?:@\w+)?'", (linear / "printed.txt").read_text()))
    assert started == {"check", "thresholds", "bundle", "evaluate", "crossfit", "benchmark", "gate", "report"}


def test_the_bundle_holds_the_linear_model_alone(linear):
    bundle = linear / "models" / "demo" / "bundle"
    found = {str(path.relative_to(bundle)) for path in bundle.rglob("*") if path.is_file()}
    assert found == {"decant.json", "golden.json", "linear/terms.json", "linear/weights.npy"}
    thresholds = json.loads((linear / "models" / "demo" / "thresholds.json").read_text())
    assert json.loads((bundle / "decant.json").read_text())["thresholds"] == thresholds["linear"]


def test_the_figures_of_linear_are_the_bundles_and_nobody_elses_change(road, linear):
    before, after = metrics(road, "test"), metrics(linear, "test")
    assert after["judged"]["contestant"] == "linear"
    for name in ("linear", "probe", "teacher_tiny_13", "ensemble", "student", "student_int8"):
        # the bundle has weights in float32, and runs texts of a length together: the ninth decimal is another
        assert flat(after[name]) == pytest.approx(flat(before[name]), abs=1e-6)
    pairs = set(metrics(linear, "paired"))
    assert "minus_student_int8" in pairs
    assert "minus_linear" not in pairs


def test_the_gates_judge_the_linear_model(linear):
    gates = metrics(linear, "gate")
    assert (
        gates["evidence"]["model_md5"]
        == json.loads((linear / "models/demo/bundle/decant.json").read_text())["model_md5"]
    )
    assert gates["gates"]["scam_fpr"]["value"] == metrics(linear, "test")["linear"]["classes"]["scam"]["fpr"]
    capped = metrics(linear, "thresholds")["linear"]["classes"]["scam"]["feasible"]
    assert gates["gates"]["cap_of_scam"]["value"] == capped


def test_report_and_card_speak_of_the_linear_model(linear):
    folder = linear / "metrics" / "demo"
    report, card, page = ((folder / name).read_text() for name in ("report.md", "card.md", "report.html"))
    assert "## linear against each other contestant" in report
    assert "A linear text classifier" in card
    assert "int8 ONNX" not in card
    assert "transformers.js" not in card
    assert "no ONNX model" in page
    headline = metrics(linear, "headline")
    assert "minus_student_int8" in headline
    size = sum(path.stat().st_size for path in (linear / "models/demo/bundle").rglob("*") if path.is_file())
    assert headline["bytes"] == size


def test_it_is_released_and_answers_from_the_folder_alone(linear, tmp_path):
    run(linear, "python", "-m", "decant", "promote", "--task", "demo", "--to", str(tmp_path / "release"),
        "--accept-open", "a trial")  # fmt: skip
    shutil.copytree(ROOT / "decant", tmp_path / "decant", ignore=shutil.ignore_patterns("__pycache__"))
    code = (
        "import sys\n"
        "for name in ('sklearn', 'scipy', 'onnxruntime', 'tokenizers', 'torch', 'pandas', 'pydantic'): sys.modules[name] = None\n"
        "from decant.runtime import Bundle\n"
        "from decant.shipped import golden\n"
        "bundle = Bundle('release')\n"
        "print(golden.check('release'), bundle.predict(['claim your airdrop now'])[0]['answer'] in bundle.classes_,\n"
        "      len(bundle.explain('claim your airdrop now')))\n"
    )
    assert run(tmp_path, "python", "-c", code).stdout == "60 True 4\n"
    champion = json.loads((linear / "champions" / "demo.json").read_text())
    assert champion["model_md5"] == metrics(linear, "gate")["evidence"]["model_md5"]


def test_the_page_says_that_it_needs_an_onnx_model(linear, tmp_path):
    ended = run(linear, "python", "-m", "decant", "page", "--task", "demo", "--to", str(tmp_path / "page"), check=False)
    assert ended.returncode == 1
    assert "holds a linear model" in ended.stderr
    assert "ship: student" in ended.stderr


def test_a_pull_request_compares_what_shipped_with_what_ships(linear):
    said = run(linear, "python", "-m", "decant", "pr", "--base", "HEAD~1", "--head", "HEAD").stdout
    assert re.search(r"mended|broken|same answer", said)


@pytest.mark.parametrize(
    ("gates", "words"),
    [
        ({}, "minus_linear.macro_f1' compares linear with itself"),
        ({"not_below_linear": None}, "about the student, and linear ships; its bytes are"),
        ({"not_below_linear": None, "int8_size": None}, "ask for 'linear.classes.scam.fpr'"),
    ],
)
def test_gates_about_the_student_are_refused_with_what_to_ask_instead(road, tmp_path, gates, words):
    shutil.copy(road / "params.yaml", tmp_path / "params.yaml")
    edit(tmp_path, gates)
    ended = run(
        tmp_path, "python", "-c", "from decant.settings.params import read_all; read_all()", check=False,
        environment={"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert ended.returncode == 1
    assert words in ended.stderr
