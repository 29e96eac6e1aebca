"""intermediate: the encoder out of another task's teacher, if it is that encoder, and never read what this task holds out."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tiny
import torch
from adapting import ENCODERS, HEADS, SPLITS, TASK, arrange, change, contents, more, posts, splits, written
from safetensors.torch import load_file, save_file

from decant import paths, tables
from decant.errors import DataError, EncoderError
from decant.models import lineage, model
from decant.models.encoder import WEIGHTS, load_tokenizer, load_weights, save_tokenizer
from decant.training import losses, trainer
from stages import intermediate

FIRST = "scam"
TEACHER = Path("models") / FIRST / "teachers" / "tiny-13"
OUT = ENCODERS / f"tiny.{FIRST}"
ROWS = {name: posts(20, seed, f"first-{name}") for seed, name in enumerate(("train", "valid", "calib"), start=50)}


def teacher(source, away: float = 0.1):
    """A classifier around the encoder of `source`, as the teacher stage saves one; its weights a little away."""
    torch.manual_seed(3)
    made = model.build(load_weights(source), HEADS, "mean", 0.1, np.zeros(5))
    with torch.no_grad():
        for tensor in made.encoder.parameters():
            tensor.add_(away * tensor.std().nan_to_num() * torch.randn_like(tensor))
    made.save_pretrained(TEACHER)
    save_tokenizer(load_tokenizer(source), TEACHER, 48)
    return made


@pytest.fixture
def ready(workspace, tiny_encoder):
    """A first task with rows of its own and a teacher."""
    arrange(workspace, tiny_encoder)
    save_tokenizer(load_tokenizer(ENCODERS / "tiny"), ENCODERS / "tiny", 48)
    transfer = {"first": FIRST, "encoder": "tiny", "seed": 13}
    change(workspace, lambda tree: tree.update(tasks=[FIRST, TASK], transfers={TASK: transfer}))
    splits(workspace, FIRST, **ROWS)
    return workspace


def refuses(error: type, words: str) -> None:
    with pytest.raises(error, match=words):
        intermediate.main(TASK)
    assert sorted(one.name for one in ENCODERS.iterdir()) == ["tiny"]


def test_the_encoder_is_the_teachers_and_all_else_is_this_tasks(ready):
    made = teacher(ENCODERS / "tiny")
    intermediate.main(TASK)
    stored = load_file(OUT / WEIGHTS)
    assert all(torch.equal(tensor, stored[name]) for name, tensor in made.encoder.state_dict().items())
    before, after = contents(ENCODERS / "tiny"), contents(OUT)
    assert {name for name in before | after if before.get(name) != after.get(name)} == {WEIGHTS, "adapt.json"}
    record = lineage.record(OUT)["intermediate"]
    assert (record["first"], record["seed"]) == (FIRST, 13)
    assert 0.05 < record["moved"] < 0.2


def test_a_teacher_that_was_really_trained_is_kin(ready):
    made = teacher(ENCODERS / "tiny", away=0)
    train = tables.load(FIRST, "train", HEADS)
    rows = trainer.TokenRows(
        model.windows(load_tokenizer(TEACHER), train["text"].tolist(), 32, None), labels=tables.targets(train, HEADS)
    )
    batch = trainer.collate([rows[row] for row in range(16)], 0)
    optimizer = torch.optim.AdamW(made.parameters(), lr=1e-3)
    for _ in range(30):
        optimizer.zero_grad()
        losses.head_loss(made(**trainer.read(batch))["logits"], batch["labels"], HEADS, torch.ones(5)).backward()
        optimizer.step()
    made.save_pretrained(TEACHER)
    intermediate.main(TASK)
    assert lineage.record(OUT)["intermediate"]["cosine"] > lineage.KIN


def test_a_second_run_writes_the_same_bytes(ready):
    teacher(ENCODERS / "tiny")
    intermediate.main(TASK)
    before = contents(OUT)
    intermediate.main(TASK)
    assert contents(OUT) == before


# --- teachers that are not this encoder, fine-tuned -------------------------------------------------------------------


def test_a_teacher_with_another_vocabulary_is_refused(ready, tmp_path):
    tiny.write_encoder(tmp_path / "other", ROWS["train"]["text"].tolist())
    teacher(written(tmp_path / "other", tmp_path / "source"))
    refuses(EncoderError, r"transfers\.demo: .*teachers/tiny-13 reads text with another tokenizer \(\d+ tokens\)")


def test_a_teacher_with_fewer_layers_is_refused(ready, tmp_path, texts):
    tiny.write_encoder(tmp_path / "other", texts, layers=2)
    teacher(written(tmp_path / "other", tmp_path / "source"))
    refuses(EncoderError, r"transfers\.demo: .* differ in num_hidden_layers \(2, 3\)")


def test_a_teacher_of_random_weights_is_refused(ready):
    """What a second stage that starts from nothing would hand on."""
    made = teacher(ENCODERS / "tiny")
    torch.manual_seed(9)
    made.encoder.apply(lambda part: torch.nn.init.normal_(part.weight, std=0.02) if hasattr(part, "weight") else None)
    made.save_pretrained(TEACHER)
    refuses(EncoderError, r"intermediate: the weights have a cosine of -?0\.\d+ with those of")


def test_a_teacher_that_learnt_nothing_is_refused(ready):
    teacher(ENCODERS / "tiny", away=0)
    refuses(EncoderError, "intermediate: no tensor differs")


def test_a_teacher_that_lacks_a_tensor_is_refused(ready):
    teacher(ENCODERS / "tiny")
    tensors = load_file(TEACHER / WEIGHTS)
    tensors.pop("encoder.encoder.layer.1.output.dense.bias")
    save_file(tensors, TEACHER / WEIGHTS, metadata={"format": "pt"})
    refuses(EncoderError, r"weights do not fit config\.json")


# --- rows -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["train", "valid"])
def test_a_first_task_that_has_read_a_held_out_text_is_refused(ready, where):
    teacher(ENCODERS / "tiny")
    rows = ROWS[where].copy()
    rows.loc[4:5, "text"] = [f"{one.upper()}!" for one in SPLITS["calib"]["text"][:2]]
    rows.to_parquet(paths.split_file(FIRST, where))
    refuses(
        DataError, rf"transfers\.demo: 2 rows of {where} of scam hold a text .*'first-{where}-4'.*out of data/raw/scam"
    )


def test_a_text_that_was_held_out_before_cleaning_is_known(ready):
    teacher(ENCODERS / "tiny")
    rows = ROWS["train"].copy()
    rows.loc[7, "raw"] = SPLITS["valid"]["raw"][0]
    rows.to_parquet(paths.split_file(FIRST, "train"))
    refuses(DataError, "1 rows of train of scam hold a text of demo's valid, calib or test")


def test_unlabelled_text_of_the_first_task_counts_too(ready):
    teacher(ENCODERS / "tiny")
    more(FIRST, ["fine", SPLITS["calib"]["text"][3]])
    refuses(DataError, r"1 rows of unlabelled of scam .*'unlabelled:1'")


def test_texts_that_this_task_learns_from_are_welcome(ready):
    teacher(ENCODERS / "tiny")
    pd.concat([ROWS["train"], SPLITS["train"]]).to_parquet(paths.split_file(FIRST, "train"))
    intermediate.main(TASK)
    assert OUT.exists()


def test_a_first_task_without_rows_says_what_to_run(ready):
    teacher(ENCODERS / "tiny")
    paths.unlabelled(FIRST).unlink()
    refuses(DataError, r"unlabelled\.parquet: missing\. Run: dvc repro unlabelled@scam")
