"""Students: their losses are those of the literature, and distil refuses what does not belong together."""

import shutil

import numpy as np
import pandas as pd
import pytest
import tiny
import torch
from losses import HEADS, PLAIN, SCAM, STUDENT, TOPIC, TRAIN, URGENCY, VALID, random_batch
from ruamel.yaml import YAML
from torch.nn import functional as F

from decant import paths
from decant.errors import BudgetError, CacheError, ParamsError
from decant.files import digest, read_json, write_json
from decant.members import scores, soft
from decant.models.encoder import load_weights
from decant.models.model import build, load
from decant.settings.distil import Distil
from decant.settings.heads import heads_of
from decant.settings.params import read
from decant.training import losses, student
from stages import capacity, distil


@pytest.mark.parametrize("t", [1.0, 2.0, 5.0])
def test_a_student_like_its_teacher_has_no_gradient(t):
    logits, _ = random_batch()
    given = logits.clone().requires_grad_()
    losses.soft_loss(given, logits, HEADS, t).backward()
    torch.testing.assert_close(given.grad, torch.zeros_like(logits), rtol=0, atol=1e-6)
    other = logits.clone().requires_grad_()
    losses.soft_loss(other, random_batch(1)[0], HEADS, t).backward()
    assert all(other.grad[:, head.slice].abs().sum() > 0.01 for head in HEADS)


def test_the_soft_loss_does_not_change_with_a_constant_added_to_a_softmax_head():
    logits, _ = random_batch()
    soft = random_batch(1)[0]
    shifted = soft + torch.tensor([7.0, 7.0, 0, 0, 0])
    torch.testing.assert_close(
        losses.soft_loss(logits, shifted, HEADS, 2.0), losses.soft_loss(logits, soft, HEADS, 2.0)
    )


def test_the_soft_loss_is_the_divergence_times_t_squared():
    logits, soft, t = random_batch()[0], random_batch(1)[0], 3.0
    p, q = (F.softmax(one[:, :2] / t, dim=1) for one in (soft, logits))
    found = losses.soft_loss(logits, soft, (SCAM,), t)
    torch.testing.assert_close(found, t * t * (p * (p / q).log()).sum(dim=1).mean())
    wanted = F.binary_cross_entropy(torch.sigmoid(logits[:, 2:4] / t), torch.sigmoid(soft[:, 2:4] / t))
    torch.testing.assert_close(losses.soft_loss(logits, soft, (TOPIC,), t), t * t * wanted)
    torch.testing.assert_close(losses.soft_loss(logits, soft, (URGENCY,), t), F.mse_loss(logits[:, 4], soft[:, 4]))


def student_settings(**changes) -> Distil:
    return Distil(**STUDENT | changes)


def test_the_students_loss_weighs_its_three_parts():
    logits, labels = random_batch()
    soft, hidden = random_batch(1)[0], torch.randn(12, 8, generator=torch.Generator().manual_seed(2))
    output, batch = {"logits": logits, "hidden": hidden}, {"labels": labels, "soft": soft, "hidden": -hidden}
    batch["weights"] = torch.ones(len(labels))
    hard = losses.head_loss(logits, labels, HEADS, PLAIN)
    gentle = losses.soft_loss(logits, soft, HEADS, 2.0)
    found = student.loss(output, batch, HEADS, student_settings())
    torch.testing.assert_close(found, 0.3 * hard + 0.7 * gentle + 0.1 * 2)  # opposite states: 1 - cosine is 2
    found = student.loss(output, batch | {"hidden": hidden}, HEADS, student_settings())
    torch.testing.assert_close(found, 0.3 * hard + 0.7 * gentle)


def test_a_row_without_a_label_has_no_hard_loss():
    logits, labels = random_batch()
    soft = random_batch(1)[0]
    settings = student_settings(hidden_weight=0.0)
    half = torch.arange(12) < 6
    found = student.loss({"logits": logits}, {"labels": labels, "soft": soft, "weights": half.float()}, HEADS, settings)
    hard = losses.head_loss(logits[:6], labels[:6], HEADS, PLAIN)
    torch.testing.assert_close(found, 0.7 * losses.soft_loss(logits, soft, HEADS, 2.0) + 0.3 * hard / 2)
    none = {"labels": labels * float("nan"), "soft": soft, "weights": torch.zeros(12)}
    found = student.loss({"logits": logits}, none, HEADS, settings)
    torch.testing.assert_close(found, 0.7 * losses.soft_loss(logits, soft, HEADS, 2.0))


def test_the_hidden_target_is_the_students_own_teacher_of_the_first_seed():
    soft = {f"pooled_teacher_{name}_{seed}": np.ones((3, 8)) for name in ("tiny", "other") for seed in (7, 13)}
    for encoder, seeds, wanted in (
        ("tiny", [13, 7], "pooled_teacher_tiny_13"),
        ("third", [7], "pooled_teacher_other_7"),
    ):
        settings = student_settings(encoder=encoder)
        name = student.pooled_states(settings, ["other", "tiny"], seeds)
        assert student.hidden_states(settings, name, soft) == name == wanted
    assert student.hidden_states(student_settings(hidden_weight=0.0), "pooled_teacher_tiny_13", {}) is None


def test_a_hidden_target_that_is_not_there_is_refused():
    with pytest.raises(ParamsError, match=r"distil\.hidden_weight: soften\.members has no teachers.* set it to 0"):
        student.hidden_states(student_settings(), "pooled_teacher_tiny_13", {"ensemble": np.ones((3, 8))})


# --- the stages -------------------------------------------------------------------------------------------------------


@pytest.fixture
def ready(workspace, tiny_encoder):
    """What distil reads: an adapted encoder, a teacher, soft labels of the train rows, no extra texts."""
    folder = workspace / "models" / "demo" / "adapted" / "tiny"
    shutil.copytree(tiny_encoder, folder)
    write_json(folder / "encoder.json", {"pooling": "mean"})
    shutil.copytree(folder, workspace / "models" / "demo" / "teachers" / "tiny-13")
    (workspace / "models" / "demo" / "baseline").mkdir()
    for split, frame in (("train", TRAIN), ("valid", VALID)):
        (workspace / "data" / "demo").mkdir(parents=True, exist_ok=True)
        frame.to_parquet(paths.split_file("demo", split))
    entry = {"sources": ["folder:x"], "sha256": "0" * 64, "vocab_size": 1, "pooling": "mean"}
    tiny.shrink(workspace / "params.yaml", entry)
    teach()
    return workspace


def teach(width: int = tiny.WIDTH, extra: tuple[str, ...] = ()) -> None:
    """Soft labels as soften writes them: all zero, and states of ones."""
    paths.soft("demo").mkdir(parents=True, exist_ok=True)
    table = paths.soft("demo") / "extra.parquet"
    pd.DataFrame({"id": [f"extra-{row}" for row in range(len(extra))], "text": list(extra)}).to_parquet(table)
    for name, ids, file in (
        ("train", TRAIN["id"].tolist(), paths.split_file("demo", "train")),
        ("extra", [f"extra-{row}" for row in range(len(extra))], table),
    ):
        arrays = {
            "ensemble": np.zeros((len(ids), 5), dtype=np.float16),
            "pooled_teacher_tiny_13": np.ones((len(ids), width), dtype=np.float16),
        }
        scores.save(paths.soft("demo") / f"{name}.safetensors", ids, arrays, soft.sources("demo", file, ["tiny"], [13]))


def change(workspace, sweep=(), **settings) -> None:
    """Other settings of demo.distil, and students beside it."""
    tree = YAML(typ="safe", pure=True).load((workspace / "params.yaml").read_text(encoding="utf-8"))
    quick = {"start": "encoder", "layers": [0, 1], "epochs": 1, "min_count": 1}
    tree["demo"]["distil"] = tree["demo"].get("distil", {}) | quick | settings
    tree["demo"]["capacity"] = {"sweep": list(sweep)}
    with (workspace / "params.yaml").open("w", encoding="utf-8") as file:
        YAML().dump(tree, file)


def written() -> dict:
    distil.main("demo")
    return read_json("models/demo/student/student.json")


def test_a_student_over_its_budget_is_refused(ready):
    change(ready, max_parameters=9000)
    with pytest.raises(BudgetError, match=r"student: [\d,]+ parameters, distil\.max_parameters allows 9,000"):
        distil.main("demo")
    assert not (ready / "models" / "demo" / "student").exists()


def test_soft_labels_of_another_train_table_are_refused(ready):
    TRAIN.iloc[::-1].to_parquet(paths.split_file("demo", "train"))
    with pytest.raises(CacheError, match="rows that are not the 120 asked for"):
        distil.main("demo")
    TRAIN.assign(text="changed").to_parquet(paths.split_file("demo", "train"))
    with pytest.raises(CacheError, match="computed from another table"):
        distil.main("demo")


def test_soft_labels_of_another_teacher_are_refused(ready):
    file = ready / "models" / "demo" / "teachers" / "tiny-13" / "model.safetensors"
    file.write_bytes(file.read_bytes() + b" ")
    with pytest.raises(CacheError, match="computed from another teacher_tiny_13 than the one here"):
        distil.main("demo")


def test_soft_labels_changed_by_hand_are_refused(ready):
    file = paths.soft("demo") / "train.safetensors"
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(bytes(content))
    with pytest.raises(CacheError, match="its content is not what was written"):
        distil.main("demo")


def test_states_of_another_width_are_reached_through_a_map_that_does_not_ship(ready):
    teach(width=48)
    change(ready)
    record = written()
    kept = load("models/demo/student")
    assert kept.projection is None
    assert sum(tensor.numel() for tensor in kept.parameters()) == record["parameters"]


def test_extra_texts_are_learnt(ready):
    change(ready)
    written()
    without = digest("models/demo/student/model.safetensors")
    teach(extra=tuple(VALID["text"]))
    written()
    assert digest("models/demo/student/model.safetensors") != without


def test_a_student_may_start_from_its_fine_tuned_teacher(ready, tiny_encoder):
    change(ready)
    written()
    from_encoder = digest("models/demo/student/model.safetensors")
    teacher = build(load_weights(tiny_encoder), heads_of(read("demo").heads), "mean", 0.0, np.zeros(5))
    with torch.no_grad():
        for tensor in teacher.parameters():
            tensor.mul_(1.5)
    folder = ready / "models" / "demo" / "teachers" / "tiny-13"
    teacher.save_pretrained(folder)
    teach()
    change(ready, start="teacher")
    assert written()["start"] == "teacher"
    assert digest("models/demo/student/model.safetensors") != from_encoder


def test_a_slim_student_has_only_the_neurons_and_heads_that_were_asked_for(ready):
    change(ready)
    written()
    whole = load("models/demo/student")
    change(ready, intermediate=16, heads=1)
    about = written()
    slim = load("models/demo/student")
    assert (about["intermediate"], about["heads"]) == (16, 1)
    inner, before = slim.encoder.encoder.layer[0], whole.encoder.encoder.layer[0]
    assert inner.intermediate.dense.weight.shape == (16, tiny.WIDTH)
    head = before.attention.self.attention_head_size
    assert inner.attention.self.query.weight.shape == (head, tiny.WIDTH)
    assert before.attention.self.query.weight.shape[0] > head
    assert about["parameters"] == sum(tensor.numel() for tensor in slim.parameters())


def test_a_sweep_writes_size_against_quality(ready):
    sizes = [{"layers": [0, 2], "min_count": 1}, {"layers": [0, 2], "min_count": 1, "intermediate": 8, "heads": 1}]
    change(ready, heads=1, sweep=[*sizes, {"layers": [0], "min_count": 3}])
    capacity.main("demo")
    found = pd.read_csv("models/demo/capacity/capacity.csv", dtype={"layers": str})
    assert found["layers"].tolist() == ["0-2", "0-2", "0"]
    assert found["name"].tolist() == ["0-2_min_count1", "0-2_min_count1_intermediate8_heads1", "0_min_count3"]
    # what an entry does not name stays whole, also where the shipped student is slim
    assert found["heads"].isna().tolist() == [True, False, True]
    assert found["vocabulary"][1] > found["vocabulary"][2]
    assert found["parameters"][0] > found["parameters"][1]
    for row in found.itertuples():
        assert 1000 < row.parameters < 10**6
        assert 0 <= row.valid_macro_f1 <= 1
        assert row.bytes == (paths.capacity("demo") / f"{row.name}.onnx").stat().st_size
    assert not list((ready / ".work" / "demo").glob("capacity-*/checkpoint-*"))


def test_a_sweep_exports_what_was_trained_in_half_precision_as_fp32(ready, monkeypatch):
    """Planted: a model that runs in bf16 after its training, as the trainer leaves it on a processor that has it."""
    real = student.train

    def half(*given):
        model, *rest = real(*given)
        model.forward = torch.autocast("cpu", dtype=torch.bfloat16)(model.forward)
        return model, *rest

    monkeypatch.setattr("decant.training.student.train", half)
    change(ready, sweep=[{"layers": [0], "min_count": 3}])
    capacity.main("demo")
    assert (paths.capacity("demo") / "0_min_count3.onnx").is_file()


def test_no_sweep_is_done_at_once(ready):
    shutil.rmtree(paths.soft("demo"))
    capacity.main("demo")
    assert pd.read_csv("models/demo/capacity/capacity.csv").empty
