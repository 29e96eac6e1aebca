"""adapt: a copy where it is off; on, the same encoder with something learnt, or nothing at all and a clear error."""

import json
import shutil

import pytest
import torch
from adapting import (
    ADAPTED,
    CONTRASTIVE,
    DAPT,
    ENCODERS,
    SPLITS,
    STEPS,
    TASK,
    adapted,
    arrange,
    change,
    contents,
    more,
)
from safetensors.torch import load_file
from transformers import BertConfig, BertModel

from decant import paths
from decant.errors import CacheError, DataError, EncoderError, ParamsError
from decant.models import encoder, lineage
from decant.training import contrastive, dapt, steps
from stages import adapt

BOTH = {"dapt": DAPT, "contrastive": CONTRASTIVE, "precision": "fp32"}


def refuses(error: type, words: str) -> None:
    """The stage stops with the words in its message, and writes nothing."""
    with pytest.raises(error, match=words):
        adapt.main(TASK, "tiny")
    assert not ADAPTED.parent.exists() or not list(ADAPTED.parent.iterdir())


def test_an_encoder_passes_through_byte_for_byte(workspace, tiny_encoder):
    arrange(workspace, tiny_encoder)
    files, record = adapted()
    assert record == {}
    assert files.pop("adapt.json") == b"{}\n"
    assert files == contents(ENCODERS / "tiny")


def test_a_copy_reads_no_unlabelled_text(workspace, tiny_encoder):
    arrange(workspace, tiny_encoder)
    paths.unlabelled(TASK).unlink()
    assert adapted()[1] == {}


@pytest.fixture(scope="module")
def whole(tmp_path_factory, tiny_encoder):
    """What both steps write, one after the other."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("whole")
        shutil.copy("params.yaml", folder)
        patch.chdir(folder)
        arrange(folder, tiny_encoder, adapt=BOTH)
        found = adapted()
        assert not list((folder / ".work" / TASK).glob("*/"))
        return found


def test_both_steps_leave_an_encoder_with_other_weights_and_nothing_else(whole, tiny_encoder, tmp_path):
    files, record = whole
    assert list(record) == ["dapt", "contrastive"]
    assert record["contrastive"]["steps"] == STEPS
    for name, found in files.items():
        (tmp_path / name).write_bytes(found)
    before, after = (load_file(folder / encoder.WEIGHTS) for folder in (tiny_encoder, tmp_path))
    assert before.keys() == after.keys()
    assert all(one.shape == after[name].shape and one.dtype == after[name].dtype for name, one in before.items())
    assert [name for name, one in before.items() if not torch.equal(one, after[name])]
    encoder.load_weights(tmp_path)
    for name in ("config.json", "tokenizer.json", "tokenizer_config.json"):
        assert files[name] == (tiny_encoder / name).read_bytes()


def test_a_second_run_writes_the_same_bytes(whole, workspace, tiny_encoder):
    arrange(workspace, tiny_encoder, adapt=BOTH)
    assert adapted() == whole


def test_a_killed_run_repeats_no_step_that_it_has_finished(whole, workspace, tiny_encoder, monkeypatch):
    arrange(workspace, tiny_encoder, adapt=BOTH)
    with monkeypatch.context() as patch:
        patch.setattr(contrastive, "learn", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            adapt.main(TASK, "tiny")
    assert not ADAPTED.exists()
    monkeypatch.setattr(dapt, "learn", lambda *_: pytest.fail("dapt ran again"))
    assert adapted() == whole


def test_other_settings_do_not_take_what_a_killed_run_has_left(whole, workspace, tiny_encoder, monkeypatch):
    arrange(workspace, tiny_encoder, adapt=BOTH)
    with monkeypatch.context() as patch:
        patch.setattr(contrastive, "learn", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            adapt.main(TASK, "tiny")
    change(workspace, lambda tree: tree["demo"]["adapt"].update(seed=14))
    files, _ = adapted()
    assert files[encoder.WEIGHTS] != whole[0][encoder.WEIGHTS]


# --- rows that nothing may learn from ---------------------------------------------------------------------------------


def test_dapt_refuses_a_held_out_id(workspace, tiny_encoder):
    arrange(workspace, tiny_encoder, adapt={"dapt": DAPT, "precision": "fp32"})
    rows = SPLITS["train"].copy()
    rows.loc[3, "id"] = "calib-7"
    rows.to_parquet(paths.split_file(TASK, "train"))
    refuses(
        DataError, r"demo\.adapt\.dapt: 1 rows have the id and 0 the text of a row of valid, calib or test.*calib-7"
    )


@pytest.mark.parametrize("where", ["train", "unlabelled"])
def test_dapt_refuses_a_held_out_text_however_it_is_written(workspace, tiny_encoder, where):
    arrange(workspace, tiny_encoder, adapt={"dapt": DAPT, "precision": "fp32"})
    text = f"  {SPLITS['valid']['text'][2].upper()} !!"
    if where == "train":
        rows = SPLITS["train"].copy()
        rows.loc[3, "text"] = text
        rows.to_parquet(paths.split_file(TASK, "train"))
    else:
        more(TASK, ["a post that nobody holds out", text])
    refuses(DataError, r"demo\.adapt\.dapt: 0 rows have the id and 1 the text of a row of valid, calib or test")


def test_contrastive_refuses_held_out_rows_too(workspace, tiny_encoder):
    arrange(workspace, tiny_encoder, adapt={"contrastive": CONTRASTIVE, "precision": "fp32"})
    SPLITS["valid"].to_parquet(paths.split_file(TASK, "train"))
    refuses(DataError, r"demo\.adapt\.contrastive: 24 rows have the id and 24 the text")


# --- weights that are not what they should be -------------------------------------------------------------------------


def anew(folder):
    torch.manual_seed(1)
    return BertModel(BertConfig.from_pretrained(folder), add_pooling_layer=False)


def test_a_step_that_hands_on_a_random_encoder_is_caught(workspace, tiny_encoder, monkeypatch):
    """The known trap: a second stage that builds its model from config.json, and never loads what the first has learnt."""
    arrange(workspace, tiny_encoder, adapt={"contrastive": CONTRASTIVE, "precision": "fp32"})
    monkeypatch.setattr(contrastive, "learn", lambda source, *_: (anew(source), {}))
    refuses(EncoderError, r"contrastive: the weights have a cosine of -?0\.0\d\d with those of")


@pytest.mark.parametrize("module", [dapt, contrastive])
def test_a_step_that_starts_from_random_weights_is_caught_before_it_learns(
    workspace, tiny_encoder, monkeypatch, module
):
    name = module.__name__.rpartition(".")[2]
    arrange(workspace, tiny_encoder, adapt={name: BOTH[name], "precision": "fp32"})
    monkeypatch.setattr(steps, "run", lambda *_: pytest.fail("it learns"))
    if module is dapt:
        monkeypatch.setattr(dapt, "load_weights", anew)
    else:
        real = contrastive.Transformer

        def from_config(source, **options):
            made = real(source, **options)
            made.auto_model.load_state_dict(anew(source).state_dict())
            return made

        monkeypatch.setattr(contrastive, "Transformer", from_config)
    refuses(EncoderError, "in memory is not the one in the file")


def test_a_step_that_learns_nothing_is_caught(workspace, tiny_encoder, monkeypatch):
    arrange(workspace, tiny_encoder, adapt={"contrastive": CONTRASTIVE, "precision": "fp32"})
    monkeypatch.setattr(steps, "run", lambda *_: [0.0])
    refuses(EncoderError, r"contrastive: no tensor differs from .*; nothing was learnt")


# --- starting from another task's teacher -----------------------------------------------------------------------------


def transferred(workspace, tiny_encoder, **changes) -> None:
    """adapt.intermediate is on, and transfers names a first task."""
    arrange(workspace, tiny_encoder, adapt={"intermediate": {"on": True}})
    transfer = {"first": "scam", "encoder": "tiny", "seed": 13} | changes
    change(workspace, lambda tree: tree.update(tasks=["scam", "demo"], transfers={"demo": transfer}))


def test_an_intermediate_encoder_is_taken_with_its_record(workspace, tiny_encoder):
    transferred(workspace, tiny_encoder)
    with torch.no_grad():
        model = encoder.load_weights(ENCODERS / "tiny")
        model.embeddings.word_embeddings.weight.mul_(1.5)
    lineage.hand_on(model, ENCODERS / "tiny", ENCODERS / "tiny.scam", "intermediate", {"first": "scam", "seed": 13})
    files, record = adapted()
    assert files == contents(ENCODERS / "tiny.scam")
    assert record["intermediate"]["first"] == "scam"
    assert record["intermediate"]["moved"] > 0.1


def test_a_task_that_transfers_does_not_name_is_told_what_to_write(workspace, tiny_encoder):
    arrange(workspace, tiny_encoder, adapt={"intermediate": {"on": True}})
    refuses(ParamsError, r"transfers: \{demo: \{first: TASK, encoder: tiny, seed: SEED\}\}.*tasks: \[TASK, demo\]")


def test_an_intermediate_encoder_that_is_not_there_is_named(workspace, tiny_encoder):
    transferred(workspace, tiny_encoder)
    refuses(CacheError, r"tiny\.scam: missing\. Run dvc repro intermediate@demo.*tasks: \[scam, demo\]")


def test_an_old_intermediate_encoder_is_not_taken(workspace, tiny_encoder):
    """transfers was emptied, the folder of an earlier run is still there."""
    transferred(workspace, tiny_encoder)
    shutil.copytree(ENCODERS / "tiny", ENCODERS / "tiny.scam")
    change(workspace, lambda tree: tree.update(transfers={}))
    refuses(ParamsError, "transfers has no demo with the encoder tiny")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"first": "toxicity"}, r"transfers\.demo: first 'toxicity' is not among tasks: scam, demo"),
        ({"encoder": "minilm"}, r"transfers\.demo: encoder 'minilm' is not among encoders: tiny"),
        ({"seed": 99}, r"transfers\.demo: seed 99 is not among seeds: 13"),
        ({"first": "demo"}, r"transfers\.demo\.first: the encoder of demo comes from another teacher itself"),
    ],
)
def test_a_transfer_that_leads_nowhere_is_refused(workspace, tiny_encoder, changes, words):
    transferred(workspace, tiny_encoder, **changes)
    refuses(ParamsError, words)


def test_the_record_has_keys_that_dvc_shows(whole):
    flat = {f"{step}.{key}": value for step, found in whole[1].items() for key, value in found.items()}
    assert all(isinstance(value, int | float | str) for value in flat.values())
    assert json.loads(whole[0]["adapt.json"]) == whole[1]
