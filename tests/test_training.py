"""Training: losses are torch's own, a run repeats byte for byte, goes on after a kill, and keeps its best epoch."""

import shutil

import numpy as np
import pandas as pd
import pytest
import tiny
import torch
from ruamel.yaml import YAML
from sklearn.utils.class_weight import compute_class_weight
from torch.nn import functional as F
from transformers import set_seed

from decant import encoder, scores, tables, training
from decant.errors import BudgetError, CacheError, ParamsError
from decant.files import digest, write_json
from decant.heads import layout, probabilities
from decant.model import build
from decant.settings import Distil, Training
from stages import distil
from stages.demo import generate
from stages.teacher import class_weights

DESCRIBED = {
    "scam": {"kind": "softmax", "labels": ["honest", "scam"]},
    "topic": {"kind": "sigmoid", "labels": ["crypto", "money"]},
    "urgency": {"kind": "regression", "labels": []},
}
HEADS = layout(DESCRIBED)
SCAM, TOPIC, URGENCY = HEADS
PLAIN = torch.ones(5)
BASE = {
    "epochs": 3, "learning_rate": 1e-3, "head_rate": 5e-3, "batch_size": 16, "weight_decay": 0.01, "warmup": 0.1,
    "schedule": "linear", "clip": 1.0, "patience": 3, "select": "macro_f1", "precision": "fp32", "dropout": 0.1,
}  # fmt: skip
STEPS = 8  # of one epoch: 120 posts in batches of 16


def table(posts):
    frame = pd.DataFrame({"id": [post["id"] for post in posts], "text": [post["text"] for post in posts]})
    frame["linear"] = frame["text"]
    frame["scam"] = ["scam" if post["kind"] == "scam" else "honest" for post in posts]
    for label in ("crypto", "money"):
        frame[f"topic.{label}"] = [label in post["topics"] for post in posts]
    return frame.assign(urgency=[post["urgency"] for post in posts])


TRAIN, VALID = table(generate(120, 4, 0.0)), table(generate(40, 5, 0.0))


# --- losses -----------------------------------------------------------------------------------------------------------


def random_batch(seed=0, rows=12):
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(rows, 5, generator=generator)
    labels = torch.zeros(rows, 5)
    labels[torch.arange(rows), torch.arange(rows) % 2] = 1
    labels[:, 2:4] = (torch.rand(rows, 2, generator=generator) < 0.4).float()
    labels[:, 4] = torch.rand(rows, generator=generator)
    return logits, labels


@pytest.mark.parametrize(
    ("head", "wanted"),
    [
        pytest.param(SCAM, lambda x, y: F.cross_entropy(x[:, :2], y[:, :2].argmax(dim=1)), id="softmax"),
        pytest.param(TOPIC, lambda x, y: F.binary_cross_entropy_with_logits(x[:, 2:4], y[:, 2:4]), id="sigmoid"),
        pytest.param(URGENCY, lambda x, y: F.mse_loss(x[:, 4], y[:, 4]), id="regression"),
    ],
)
def test_the_loss_of_a_head_is_torchs_own(head, wanted):
    logits, labels = random_batch()
    torch.testing.assert_close(training.head_loss(logits, labels, (head,), PLAIN), wanted(logits, labels))


def test_the_loss_of_all_heads_is_their_mean():
    logits, labels = random_batch()
    each = [training.head_loss(logits, labels, (head,), PLAIN) for head in HEADS]
    torch.testing.assert_close(training.head_loss(logits, labels, HEADS, PLAIN), torch.stack(each).mean())


def test_class_weights_act_as_in_torch():
    logits, labels = random_batch()
    weights = torch.tensor([0.5, 3.0, 2.0, 0.25, 1.0])
    found = training.head_loss(logits, labels, (SCAM,), weights)
    torch.testing.assert_close(found, F.cross_entropy(logits[:, :2], labels[:, 1].long(), weight=weights[:2]))
    found = training.head_loss(logits, labels, (TOPIC,), weights)
    wanted = F.binary_cross_entropy_with_logits(logits[:, 2:4], labels[:, 2:4], pos_weight=weights[2:4])
    torch.testing.assert_close(found, wanted)


def test_soft_labels_are_learnt_as_torch_does():
    logits, _ = random_batch()
    soft = torch.from_numpy(probabilities(random_batch(1)[0].numpy(), HEADS)).float()
    found = training.head_loss(logits, soft, (SCAM,), PLAIN)
    torch.testing.assert_close(found, F.cross_entropy(logits[:, :2], soft[:, :2]))


def test_the_loss_is_computed_in_fp32():
    logits, labels = random_batch()
    assert training.head_loss(logits.bfloat16(), labels, HEADS, PLAIN).dtype == torch.float32


@pytest.mark.parametrize("t", [1.0, 2.0, 5.0])
def test_a_student_like_its_teacher_has_no_gradient(t):
    logits, _ = random_batch()
    student = logits.clone().requires_grad_()
    distil.soft_loss(student, logits, HEADS, t).backward()
    torch.testing.assert_close(student.grad, torch.zeros_like(logits), rtol=0, atol=1e-6)
    other = logits.clone().requires_grad_()
    distil.soft_loss(other, random_batch(1)[0], HEADS, t).backward()
    assert all(other.grad[:, head.slice].abs().sum() > 0.01 for head in HEADS)


def test_the_soft_loss_does_not_change_with_a_constant_added_to_a_softmax_head():
    logits, _ = random_batch()
    soft = random_batch(1)[0]
    shifted = soft + torch.tensor([7.0, 7.0, 0, 0, 0])
    torch.testing.assert_close(
        distil.soft_loss(logits, shifted, HEADS, 2.0), distil.soft_loss(logits, soft, HEADS, 2.0)
    )


def test_the_soft_loss_is_the_divergence_times_t_squared():
    logits, soft, t = random_batch()[0], random_batch(1)[0], 3.0
    p, q = (F.softmax(one[:, :2] / t, dim=1) for one in (soft, logits))
    found = distil.soft_loss(logits, soft, (SCAM,), t)
    torch.testing.assert_close(found, t * t * (p * (p / q).log()).sum(dim=1).mean())
    wanted = F.binary_cross_entropy(torch.sigmoid(logits[:, 2:4] / t), torch.sigmoid(soft[:, 2:4] / t))
    torch.testing.assert_close(distil.soft_loss(logits, soft, (TOPIC,), t), t * t * wanted)
    torch.testing.assert_close(distil.soft_loss(logits, soft, (URGENCY,), t), F.mse_loss(logits[:, 4], soft[:, 4]))


def student_settings(**changes) -> Distil:
    own = {
        "encoder": "tiny", "layers": [0], "min_count": 1, "soft_weight": 0.7, "hard_weight": 0.3, "hidden_weight": 0.1,
        "temperature": 2.0, "seed": 13, "max_parameters": 10**6,
    }  # fmt: skip
    return Distil(**BASE | own | changes)


def test_the_students_loss_weighs_its_three_parts():
    logits, labels = random_batch()
    soft, pooled = random_batch(1)[0], torch.randn(12, 8, generator=torch.Generator().manual_seed(2))
    output, batch = {"logits": logits, "pooled": pooled}, {"labels": labels, "soft": soft, "pooled": -pooled}
    hard = training.head_loss(logits, labels, HEADS, PLAIN)
    gentle = distil.soft_loss(logits, soft, HEADS, 2.0)
    found = distil.student_loss(output, batch, HEADS, student_settings())
    torch.testing.assert_close(found, 0.3 * hard + 0.7 * gentle + 0.1 * 2)  # opposite states: 1 - cosine is 2
    found = distil.student_loss(output, batch | {"pooled": pooled}, HEADS, student_settings())
    torch.testing.assert_close(found, 0.3 * hard + 0.7 * gentle)


def test_the_first_seeds_states_are_the_hidden_target():
    soft = {f"pooled_teacher_tiny_{seed}": np.full((3, 8), seed, dtype=np.float16) for seed in (7, 13)}
    found = distil.pooled_states(soft, student_settings(), ["other", "tiny"], [13, 7], 8)
    assert found.dtype == np.float32
    assert (found == 13).all()


@pytest.mark.parametrize(
    ("encoders", "seeds", "width"),
    [
        pytest.param(["other"], [13], 8, id="encoder is no teacher"),
        pytest.param(["tiny"], [99], 8, id="no states of that seed"),
        pytest.param(["tiny"], [13], 16, id="another width"),
    ],
)
def test_a_hidden_target_that_does_not_align_is_refused(encoders, seeds, width):
    soft = {"pooled_teacher_tiny_13": np.ones((3, 8), dtype=np.float16)}
    with pytest.raises(ParamsError, match=r"distil\.hidden_weight: no teacher tiny .*Set hidden_weight to 0"):
        distil.pooled_states(soft, student_settings(), encoders, seeds, width)


@pytest.mark.parametrize("how", ["none", "balanced", "sqrt"])
def test_class_weights_are_those_of_sklearn(how):
    labels = tables.targets(TRAIN, HEADS)
    found = class_weights(labels, HEADS, how)
    power = {"none": 0, "balanced": 1, "sqrt": 0.5}[how]
    balanced = compute_class_weight("balanced", classes=np.array([0, 1]), y=labels[:, 1])
    np.testing.assert_allclose(found[:2], balanced**power, rtol=1e-5)
    negatives, positives = (labels[:, 2:4] == 0).sum(axis=0), (labels[:, 2:4] == 1).sum(axis=0)
    np.testing.assert_allclose(found[2:4], (negatives / positives) ** power, rtol=1e-5)
    assert found[4] == 1


def test_class_weights_of_an_absent_class_are_finite():
    labels = np.zeros((20, 5), dtype=np.float32)
    labels[:, 0] = 1
    assert torch.isfinite(class_weights(labels, HEADS, "balanced")).all()


def test_the_start_bias_answers_the_shares_of_train():
    labels = tables.targets(TRAIN, HEADS)
    bias = training.start_bias(labels, HEADS)
    np.testing.assert_allclose(probabilities(bias[None], HEADS)[0], labels.mean(axis=0), atol=1e-5)


def test_the_start_bias_of_an_absent_label_is_finite():
    bias = training.start_bias(np.zeros((9, 5), dtype=np.float32), HEADS)
    assert np.isfinite(bias).all()
    assert bias[2] < -6


# --- the loop ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def run(tiny_encoder):
    """Train the tiny classifier in a work folder: returns the model and the epochs."""
    tokenizer = encoder.load_tokenizer(tiny_encoder)
    labels = tables.targets(TRAIN, HEADS)
    rows = [
        training.Rows(encoder.encode(tokenizer, frame["text"].tolist(), 32), labels=tables.targets(frame, HEADS))
        for frame in (TRAIN, VALID)
    ]

    def head_loss(output, batch):
        return training.head_loss(output["logits"], batch["labels"], HEADS, PLAIN)

    def error(logits, targets):
        return {"macro_f1": -float(((probabilities(logits, HEADS) - targets) ** 2).mean())}

    def train(work, loss=head_loss, measure=error, **changes):
        torch.set_num_threads(1)
        set_seed(13)
        bias = training.start_bias(labels, HEADS)
        model = build(encoder.load_weights(tiny_encoder), DESCRIBED, "mean", 0.1, bias)
        settings = Training(**BASE | changes)
        return model, training.fit(model, tokenizer, *rows, settings, 13, loss, measure, work)

    train.loss = head_loss
    return train


@pytest.fixture(scope="module")
def whole(run, tmp_path_factory):
    """A run of three epochs that nothing interrupted."""
    return run(tmp_path_factory.mktemp("whole"))


class Killed(Exception):
    pass


def counting(loss, last=None):
    """The loss, which counts its steps and dies after step `last`."""

    def counted(output, batch):
        if counted.steps == last:
            raise Killed
        counted.steps += 1
        return loss(output, batch)

    counted.steps = 0
    return counted


def planned(*values):
    """A measure that says these values, one per epoch, whatever the model does; the same logits get the same value."""
    rest, said = list(values), {}

    def measure(logits, _):
        key = logits.tobytes()
        said[key] = said[key] if key in said else rest.pop(0)
        return {"macro_f1": said[key], "nll": said[key]}

    return measure


def same_weights(one, other):
    return all(torch.equal(a, b) for a, b in zip(one.state_dict().values(), other.state_dict().values(), strict=True))


def test_two_runs_give_the_same_bytes(run, whole, tmp_path):
    again, epochs = run(tmp_path / "work")
    for name, model in (("a", whole[0]), ("b", again)):
        model.save_pretrained(tmp_path / name)
    first, second = ((tmp_path / name / "model.safetensors").read_bytes() for name in "ab")
    assert first == second
    pd.testing.assert_frame_equal(epochs, whole[1])


def test_training_learns_and_writes_one_row_per_epoch(whole):
    _, epochs = whole
    assert epochs["epoch"].tolist() == [1, 2, 3]
    assert {"train_loss", "valid_macro_f1"} <= set(epochs)
    assert epochs["train_loss"].is_monotonic_decreasing
    assert not [name for name in epochs if "runtime" in name or "second" in name]


@pytest.mark.parametrize("epoch", [1, 2])
def test_a_killed_run_goes_on_from_its_last_epoch(run, whole, tmp_path, epoch):
    with pytest.raises(Killed):
        run(tmp_path, loss=counting(run.loss, last=epoch * STEPS + 3))
    resumed = counting(run.loss)
    model, epochs = run(tmp_path, loss=resumed)
    assert resumed.steps == (3 - epoch) * STEPS
    assert same_weights(model, whole[0])
    pd.testing.assert_frame_equal(epochs, whole[1])


def test_a_run_killed_within_its_first_epoch_starts_again(run, whole, tmp_path):
    with pytest.raises(Killed):
        run(tmp_path, loss=counting(run.loss, last=5))
    resumed = counting(run.loss)
    model, _ = run(tmp_path, loss=resumed)
    assert resumed.steps == 3 * STEPS
    assert same_weights(model, whole[0])


def test_a_run_killed_while_it_wrote_a_checkpoint_goes_on_from_the_one_before(run, whole, tmp_path, monkeypatch):
    real = training.HeadTrainer._save_rng_state

    def dies(trainer, folder):
        if trainer.state.global_step > STEPS:
            raise Killed
        real(trainer, folder)

    with monkeypatch.context() as patch:
        patch.setattr(training.HeadTrainer, "_save_rng_state", dies)
        with pytest.raises(Killed):
            run(tmp_path)
    assert (tmp_path / f"checkpoint-{2 * STEPS}" / "model.safetensors").exists()
    resumed = counting(run.loss)
    model, _ = run(tmp_path, loss=resumed)
    assert resumed.steps == 2 * STEPS
    assert same_weights(model, whole[0])


def test_a_resumed_run_has_no_more_patience_than_an_uninterrupted_one(run, tmp_path):
    values = (0.9, 0.5, 0.4, 0.3, 0.2)
    _, wanted = run(tmp_path / "whole", measure=planned(*values), patience=2, epochs=5)
    assert len(wanted) == 3
    measure = planned(*values)
    with pytest.raises(Killed):
        run(tmp_path / "work", loss=counting(run.loss, last=2 * STEPS + 3), measure=measure, patience=2, epochs=5)
    _, epochs = run(tmp_path / "work", measure=measure, patience=2, epochs=5)
    assert epochs["epoch"].tolist() == wanted["epoch"].tolist()


@pytest.mark.parametrize("changes", [{"epochs": 3}, {"epochs": 5, "patience": 2}], ids=["all epochs", "stopped early"])
def test_a_run_killed_after_training_ends_the_same(run, tmp_path, changes):
    """The stage may die while it writes its outs; the next run finds the best checkpoint and goes on from there."""
    measure = planned(0.9, 0.5, 0.4, 0.95)
    first, wanted = run(tmp_path, measure=measure, **changes)
    again = counting(run.loss)
    model, epochs = run(tmp_path, loss=again, measure=measure, **changes)
    assert again.steps == 2 * STEPS
    assert same_weights(model, first)
    assert epochs["valid_macro_f1"].tolist() == wanted["valid_macro_f1"].tolist() == [0.9, 0.5, 0.4]


@pytest.mark.parametrize(
    ("select", "values"),
    [
        pytest.param("macro_f1", (0.9, 0.5, 0.6), id="the highest F1"),
        pytest.param("nll", (0.1, 0.5, 0.4), id="the lowest nll"),
    ],
)
def test_the_best_epoch_is_kept(run, tmp_path, select, values):
    changes = {"schedule": "constant_with_warmup", "warmup": 0.0, "select": select}
    first, _ = run(tmp_path / "one", epochs=1, measure=planned(*values), **changes)
    best, epochs = run(tmp_path / "three", measure=planned(*values), **changes)
    assert epochs[f"valid_{select}"].tolist() == list(values)
    assert same_weights(best, first)
    last, _ = run(tmp_path / "last", measure=planned(*sorted(values, reverse=select == "nll")), **changes)
    assert not same_weights(last, first)


def test_training_stops_when_its_patience_ends(run, tmp_path):
    loss = counting(run.loss)
    _, epochs = run(tmp_path, loss=loss, measure=planned(0.9, 0.5, 0.6, 0.7, 0.8), patience=1, epochs=5)
    assert len(epochs) == 2
    assert loss.steps == 2 * STEPS


def test_bf16_is_refused_where_the_processor_lacks_it(run, tmp_path, monkeypatch):
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ParamsError, match=r"precision: bf16 needs a processor with AVX512-BF16 .*set them to fp32"):
        run(tmp_path, precision="bf16")
    assert not list(tmp_path.iterdir())


def test_each_parameter_is_in_the_right_group(tiny_encoder):
    model = build(encoder.load_weights(tiny_encoder), DESCRIBED, "mean", 0.1, np.zeros(5))
    settings = Training(**BASE)
    group_of = {
        id(tensor): (group["lr"], group["weight_decay"])
        for group in training.optimizer(model, settings).param_groups
        for tensor in group["params"]
    }
    assert len(group_of) == len(list(model.parameters()))
    for name, tensor in model.named_parameters():
        rate = settings.head_rate if name.startswith("classifier.") else settings.learning_rate
        plain = name.endswith(".bias") or "LayerNorm" in name
        assert group_of[id(tensor)] == (rate, 0.0 if plain else settings.weight_decay), name


# --- work folders -----------------------------------------------------------------------------------------------------


@pytest.fixture
def source(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.parquet").write_bytes(b"rows")
    return tmp_path / "train.parquet"


def test_equal_runs_share_a_work_folder(source):
    folder = training.work_folder("demo/student", {"epochs": 3, "seed": 1}, [source])
    folder.mkdir(parents=True)
    assert training.work_folder("demo/student", {"seed": 1, "epochs": 3}, [source]) == folder
    assert folder.exists()


@pytest.mark.parametrize("what", ["settings", "bytes"])
def test_another_run_does_not_resume_it_and_removes_it(source, what):
    old = training.work_folder("demo/student", {"epochs": 3}, [source])
    (old / "checkpoint-8").mkdir(parents=True)
    if what == "bytes":
        source.write_bytes(b"other rows")
    new = training.work_folder("demo/student", {"epochs": 3 if what == "bytes" else 4}, [source])
    assert new != old
    assert not old.exists()


def test_folders_of_other_names_stay(source):
    others = [
        training.work_folder(name, {}, [source])
        for name in ("demo/teacher-tiny-13", "demo/teacher-tiny-1", "scam/student", "demo/student-2")
    ]
    for folder in others:
        folder.mkdir(parents=True)
    training.work_folder("demo/student", {"epochs": 4}, [source])
    training.work_folder("demo/teacher-tiny-1", {"epochs": 4}, [source])
    assert [folder.exists() for folder in others] == [True, False, True, True]


def test_the_newest_whole_checkpoint_is_taken(tmp_path):
    assert training.last_checkpoint(tmp_path) is None
    for step in (8, 16, 104):
        (tmp_path / f"checkpoint-{step}").mkdir()
    assert training.last_checkpoint(tmp_path) is None
    for step in (8, 16):
        (tmp_path / f"checkpoint-{step}" / "trainer_state.json").write_text("{}")
    assert training.last_checkpoint(tmp_path) == str(tmp_path / "checkpoint-16")


# --- the distil stage's guards, which come before any training --------------------------------------------------------


@pytest.fixture
def ready(workspace, tiny_encoder):
    """What distil reads; hidden_weight needs the teacher's states, which are there too."""
    folder = workspace / "models" / "demo" / "encoders" / "tiny"
    shutil.copytree(tiny_encoder, folder)
    write_json(folder / "encoder.json", {"pooling": "mean"})
    for split, frame in (("train", TRAIN), ("valid", VALID)):
        (workspace / "data" / "demo").mkdir(parents=True, exist_ok=True)
        frame.to_parquet(tables.split_file("demo", split))
    entry = {"sources": ["folder:x"], "sha256": "0" * 64, "vocab_size": 1, "pooling": "mean"}
    tiny.shrink(workspace / "params.yaml", entry)
    arrays = {
        "ensemble": np.zeros((120, 5), dtype=np.float16),
        "pooled_teacher_tiny_13": np.ones((120, tiny.WIDTH), dtype=np.float16),
    }
    scores.save(
        "models/demo/soft/train.safetensors", TRAIN["id"].tolist(), arrays,
        {"table": digest(tables.split_file("demo", "train"))},
    )  # fmt: skip
    return workspace


def test_a_student_over_its_budget_is_refused(ready):
    tree = YAML(typ="safe", pure=True).load((ready / "params.yaml").read_text(encoding="utf-8"))
    tree["demo"]["distil"]["max_parameters"] = 9000
    with (ready / "params.yaml").open("w", encoding="utf-8") as file:
        YAML().dump(tree, file)
    with pytest.raises(BudgetError, match=r"student: [\d,]+ parameters, demo\.distil\.max_parameters allows 9,000"):
        distil.main("demo")
    assert not (ready / "models" / "demo" / "student").exists()


def test_soft_labels_of_another_train_table_are_refused(ready):
    TRAIN.iloc[::-1].to_parquet(tables.split_file("demo", "train"))
    with pytest.raises(CacheError, match="rows that are not the 120 asked for"):
        distil.main("demo")
    TRAIN.assign(text="changed").to_parquet(tables.split_file("demo", "train"))
    with pytest.raises(CacheError, match="computed from another table"):
        distil.main("demo")
