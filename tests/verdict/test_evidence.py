"""A verdict is about bytes: whatever was changed after it was reached is named, and nothing is released on it."""

import re
from pathlib import Path

import pytest
import verdicts
from ruamel.yaml import YAML
from verdicts import TASK, record, set_gates, write_evidence

from decant import paths
from decant.__main__ import main
from decant.errors import BundleError, CacheError, DecantError
from decant.files import digest, read_json, write_json
from decant.runtime import Bundle
from decant.verdict import lock
from decant.verdict.promotion import promote
from stages import gate


@pytest.fixture
def bundle(workspace):
    return write_evidence(workspace)


def refused(capsys) -> str:
    """What `verdict` says against it; promote says the same and releases nothing."""
    assert main(["verdict"]) == 1
    said = capsys.readouterr().err
    with pytest.raises(DecantError) as stopped:
        promote(TASK, paths.bundle(TASK), Path("release/demo"), accept_open="never mind")
    assert str(stopped.value) in said
    assert not Path("release").exists()
    assert not paths.champion(TASK).exists()
    return said


def edit(name: str, change) -> None:
    content = read_json(paths.metrics(TASK, name))
    change(content)
    write_json(paths.metrics(TASK, name), content)


def test_what_nobody_touched_is_green(bundle, capsys):
    assert main(["verdict"]) == 0
    assert capsys.readouterr().out.startswith("demo: green (model ")


# -- each of these was released, or stayed green, when a verdict was a file that nobody compared -----------------------


def test_thresholds_of_the_bundle_set_to_0_after_evaluate_and_the_gate_run_by_hand(bundle, workspace, capsys):
    record_file = bundle / "decant.json"
    write_json(record_file, read_json(record_file) | {"thresholds": {"scam": 0.0, "crypto": 0.6}})
    assert Bundle(bundle).predict(["rent is due on friday"])[0]["answer"] == "scam"  # the defect
    before = paths.metrics(TASK, "gate").read_bytes()
    with pytest.raises(CacheError, match=r"test\.json: about bundle_md5 \w+, but .*decant\.json has .*evaluate@demo"):
        gate.main(TASK)
    assert paths.metrics(TASK, "gate").read_bytes() == before
    said = refused(capsys)
    assert "test.json: about bundle_md5" in said
    assert re.search(r"models/demo/bundle has md5 \w+\.dir, dvc\.lock recorded", said)


def test_test_figures_of_another_model(bundle, capsys):
    edit("test", lambda test: test["judged"].update(bundle_md5="0" * 32))
    with pytest.raises(CacheError, match="about bundle_md5 0000"):
        gate.main(TASK)
    assert "about bundle_md5 0000" in refused(capsys)


def test_a_gate_edited_by_hand(bundle, workspace, capsys):
    write_evidence_again(workspace, verdicts.RED)
    assert main(["verdict"]) == 1
    capsys.readouterr()

    def hold(content):
        content["verdict"] = "green"
        content["gates"]["scam_fpr"] |= {"result": "holds"}

    edit("gate", hold)
    said = refused(capsys)
    assert (
        "gate scam_fpr is 0.09 (0.06 to 0.12), max 0.08: holds there, and here 0.09 (0.06 to 0.12), max 0.08: fails"
        in said
    )
    assert "the verdict is 'green', its gates give 'red'" in said
    record(workspace)  # even if dvc is made to believe it
    assert "its gates give 'red'" in refused(capsys)


def test_figures_edited_and_the_gate_run_again_by_hand(bundle, workspace, capsys):
    write_evidence_again(workspace, verdicts.RED)
    edit("test", lambda test: test["student_int8"]["classes"]["scam"].update(fpr=0.01, fpr_low=0.0, fpr_high=0.02))
    gate.main(TASK)
    assert read_json(paths.metrics(TASK, "gate"))["verdict"] == "green"
    said = refused(capsys)
    assert "metrics/demo/test.json has md5" in said
    assert "it was changed after its stage wrote it" in said


def test_figures_edited_and_nothing_run_again(bundle, capsys):
    edit("quantize", lambda quantize: quantize.update(bytes=1))
    assert "the verdict rests on another quantize.json than the one that lies here" in refused(capsys)


def test_a_gate_added_to_params_and_nothing_run_again(bundle, workspace, capsys):
    more = {"recall": {"metric": "test", "key": "student_int8.n", "min": 1000, "by": "value"}}
    set_gates(workspace, verdicts.GATES | more)
    said = refused(capsys)
    assert "gate recall is not asked for there, and here 450, min 1,000: fails" in said
    assert "params_sha256" in said


def test_a_bound_that_was_loosened_and_nothing_run_again(workspace, capsys):
    write_evidence(workspace, **verdicts.RED)
    gates = verdicts.GATES | {"scam_fpr": verdicts.GATES["scam_fpr"] | {"max": 0.5}}
    set_gates(workspace, gates)
    assert "the gates and caps of params.yaml are" in refused(capsys)


def test_no_bundle_at_all(bundle, capsys):
    bundle.rename("elsewhere")
    assert "models/demo/bundle: no decant.json, so this is not a bundle" in refused(capsys)


def test_other_test_rows_than_those_that_were_judged(bundle, workspace, capsys):
    write_json(paths.metrics(TASK, "manifest"), {"task": TASK, "rows": {"test": "1" * 64}})
    with pytest.raises(CacheError, match="about rows_sha256"):
        gate.main(TASK)
    record(workspace)
    assert "about rows_sha256" in refused(capsys)


def test_a_figure_that_is_no_number(bundle, capsys):
    file = paths.metrics(TASK, "test")
    file.write_text(file.read_text(encoding="utf-8").replace("0.0387", "NaN"), encoding="utf-8")
    with pytest.raises(CacheError, match=r"test\.json: not JSON \(NaN is no number\)"):
        gate.main(TASK)
    assert "test.json: not JSON (NaN is no number)" in refused(capsys)


def test_a_verdict_that_dvc_did_not_record(bundle, workspace, capsys):
    (workspace / "dvc.lock").write_text("schema: '2.0'\nstages: {}\n", encoding="utf-8")
    assert "metrics/demo/gate.json: dvc.lock has no record of it. Run: dvc repro gate@demo" in refused(capsys)


@pytest.mark.parametrize(
    "text", [None, "stages: [", "schema: '2.0'\n", "- a\n"], ids=["missing", "broken", "empty", "a list"]
)
def test_a_lock_that_cannot_be_read(bundle, workspace, capsys, text):
    (workspace / "dvc.lock").unlink()
    if text is not None:
        (workspace / "dvc.lock").write_text(text, encoding="utf-8")
    assert "dvc.lock: " in refused(capsys)


@pytest.mark.parametrize(
    "content", [{}, {"verdict": "green"}, {"verdict": "green", "gates": {}, "evidence": {}}], ids=str
)
def test_a_verdict_without_its_reasons(bundle, workspace, capsys, content):
    write_json(paths.metrics(TASK, "gate"), content)
    record(workspace)
    assert "the verdict is about bundle_md5 None" in refused(capsys)


# -- amber -------------------------------------------------------------------------------------------------------------


def test_an_open_gate_is_released_only_by_somebody_who_says_why(workspace, capsys):
    write_evidence(workspace, **verdicts.OPEN)
    assert main(["verdict"]) == 0
    printed = capsys.readouterr().out
    assert "demo: amber" in printed
    assert "OPEN   scam_fpr: 0.07 (0.045 to 0.1), max 0.08 (about 4,000 more rows would decide it)" in printed
    assert main(["promote", "--task", TASK]) == 1
    said = capsys.readouterr().err
    assert "scam_fpr 0.07 (0.045 to 0.1), max 0.08: open" in said
    assert "--accept-open" in said
    assert not Path("release").exists()

    assert main(["promote", "--task", TASK, "--accept-open", "a pilot of two weeks"]) == 0
    release = read_json("release/demo/gate.json")
    assert release["accepted_open"]["reason"] == "a pilot of two weeks"
    assert release["accepted_open"]["gates"][0].startswith("demo: scam_fpr 0.07")
    card = Path("release/demo/README.md").read_text(encoding="utf-8")
    assert card.startswith(paths.page(TASK, "card").read_text(encoding="utf-8"))
    assert "Released although these gates are open: a pilot of two weeks\n\n- demo: scam_fpr 0.07" in card


def test_no_reason_releases_a_red_bundle(workspace, capsys):
    write_evidence(workspace, **verdicts.RED)
    assert main(["promote", "--task", TASK, "--accept-open", "never mind"]) == 1
    assert "scam_fpr 0.09 (0.06 to 0.12), max 0.08: fails" in capsys.readouterr().err
    assert not Path("release").exists()


def test_a_green_release_says_nothing_of_open_gates(bundle):
    promote(TASK, bundle, Path("release/demo"), accept_open="not needed")
    assert "accepted_open" not in read_json("release/demo/gate.json")
    assert "open" not in Path("release/demo/README.md").read_text(encoding="utf-8")


def test_predictions_or_a_card_that_were_changed_are_not_released(bundle, capsys):
    card = paths.page(TASK, "card")
    card.write_text(card.read_text(encoding="utf-8") + "It is perfect.\n", encoding="utf-8")
    assert main(["promote", "--task", TASK]) == 1
    assert "metrics/demo/card.md has md5" in capsys.readouterr().err


# -- dvc.lock ----------------------------------------------------------------------------------------------------------


def test_a_folder_has_the_md5_that_dvc_gives_it(road):
    """Of the small road: folders with folders in them, and files."""
    written = YAML(typ="safe").load((road / "dvc.lock").read_text(encoding="utf-8"))["stages"]
    outs = {out["path"]: out["md5"] for entry in written.values() for out in entry.get("outs", [])}
    found = {path: lock.md5(road / path) for path in outs}
    assert any(md5.endswith(".dir") for md5 in outs.values())
    assert found == outs


def test_a_damaged_bundle_is_refused_before_its_verdict_is_read(bundle):
    (bundle / "tokenizer.json").unlink()
    paths.metrics(TASK, "gate").unlink()
    with pytest.raises(BundleError, match=r"tokenizer\.json: missing"):
        promote(TASK, bundle, Path("release/demo"))


def test_a_bundle_from_elsewhere_is_judged_by_its_record(bundle, workspace):
    moved = bundle.rename(workspace / "elsewhere")
    assert promote(TASK, moved, Path("release/demo")) == digest(moved / "onnx/model_quantized.onnx", "md5")


def write_evidence_again(workspace, metrics) -> None:
    """The same bundle with other figures, all of it recorded."""
    for name, content in metrics.items():
        about = {"judged": read_json(paths.metrics(TASK, "test"))["judged"]} if name == "test" else {}
        write_json(paths.metrics(TASK, name), content | about)
    gate.main(TASK)
    record(workspace)
