"""The bytes that each contestant reads, counted in a folder of files of known sizes."""

from decant.keys import STUDENT_INT8
from decant.members import sizes

FILES = {
    "baseline/linear.safetensors": 100, "baseline/tfidf.json": 20, "baseline/tfidf.safetensors": 3,
    "baseline/probe.safetensors": 7, "baseline/out_of_fold.safetensors": 5000,  # nobody reads it to answer
    "encoders/small/model.safetensors": 1000, "encoders/small/tokenizer.json": 50,
    "teachers/small-13/model.safetensors": 1100, "teachers/small-14/model.safetensors": 1200,
    "onnx/model.onnx": 400, "student/tokenizer.json": 30, "student/model.safetensors": 900,
    "onnx/model_quantized.onnx": 85, "bundle/onnx/model_quantized.onnx": 90, "bundle/tokenizer.json": 30,
}  # fmt: skip


def counted(tmp_path, monkeypatch, shipped=STUDENT_INT8, **weights) -> dict[str, int]:
    monkeypatch.chdir(tmp_path)
    for name, size in FILES.items():
        file = tmp_path / "models/demo" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"x" * size)
    found = sizes.sizes("demo", ["small"], [13, 14], False, "small", weights, shipped)
    return dict(found.itertuples(index=False))


def test_each_contestant_counts_what_it_reads_to_answer(tmp_path, monkeypatch):
    found = counted(tmp_path, monkeypatch, linear=0.5, probe=0.5)
    assert found == {
        "linear": 123, "probe": 1057, "teacher_small_13": 1100, "teacher_small_14": 1200, "ensemble": 1180,
        "student": 430, STUDENT_INT8: 120,
    }  # fmt: skip


def test_what_ships_reads_the_bundle_and_the_other_its_own_files(tmp_path, monkeypatch):
    found = counted(tmp_path, monkeypatch, shipped="linear", linear=0.5, probe=0.5)
    assert (found["linear"], found[STUDENT_INT8]) == (120, 115)


def test_the_ensemble_reads_members_with_a_weight_alone(tmp_path, monkeypatch):
    found = counted(tmp_path, monkeypatch, linear=0.0, probe=0.0, teacher_small_13=1.0)
    assert found["ensemble"] == found["teacher_small_13"]
