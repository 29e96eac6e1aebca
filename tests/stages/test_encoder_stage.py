"""The encoder stage: what it keeps is what it found, and an encoder that is not the right one stops it."""

import re
import shutil

import pytest
import tiny
import torch
from encoders import arrange, change_config, change_weights, content, described, kept, nothing_kept
from families import write_roberta
from ruamel.yaml import YAML
from safetensors.torch import load_file

from decant.errors import EncoderError, ParamsError
from decant.files import digest, read_json
from decant.models import encoder
from stages import encoder as stage


@pytest.fixture
def folder(tiny_encoder, tmp_path):
    """A copy of the tiny encoder that a test may damage."""
    return shutil.copytree(tiny_encoder, tmp_path / "source")


def refuses(workspace, words):
    with pytest.raises(EncoderError, match=words):
        stage.main("demo", "tiny")
    assert nothing_kept(workspace)


# --- what is kept -----------------------------------------------------------------------------------------------------


def test_the_stage_keeps_the_encoder_and_its_record(workspace, folder, texts):
    entry = arrange(workspace, described(folder))
    stage.main("demo", "tiny")
    ours, theirs = encoder.load_weights(kept(workspace)), encoder.load_weights(folder)
    assert all(torch.equal(ours.state_dict()[name], tensor) for name, tensor in theirs.state_dict().items())
    old, new = encoder.load_tokenizer(folder), encoder.load_tokenizer(kept(workspace))
    assert encoder.encode(new, texts, 48) == encoder.encode(old, texts, 48)
    assert new.model_max_length == 48
    record = read_json(kept(workspace) / "encoder.json")
    assert record["sha256"] == entry["sha256"]
    assert encoder.pooling(kept(workspace)) == "mean"
    assert 0 <= record["unknown_share"] < 0.05


def test_the_stage_leaves_the_pooler_out(workspace, folder):
    change_weights(folder, lambda tensors: tensors | {"pooler.dense.weight": torch.ones(tiny.WIDTH, tiny.WIDTH)})
    arrange(workspace, described(folder))
    stage.main("demo", "tiny")
    stored = load_file(kept(workspace) / encoder.WEIGHTS)
    assert "embeddings.word_embeddings.weight" in stored
    assert not [name for name in stored if "pooler" in name]


BROKEN = {
    "no bytes": lambda text: "",
    "cut off": lambda text: text[: len(text) // 2],
    "a list": lambda text: "[]",
    "of a kind that nobody knows": lambda text: text.replace('"WordPiece"', '"Unheard"'),
    "a vocabulary that is a list": lambda text: re.sub(r'"vocab": *\{[^}]*\}', '"vocab": []', text),
}


@pytest.mark.bad_input
@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
def test_a_tokenizer_that_cannot_be_read_stops_the_stage(workspace, folder, broken):
    arrange(workspace, described(folder))
    file = folder / "tokenizer.json"
    file.write_text(broken(file.read_text(encoding="utf-8")), encoding="utf-8")
    refuses(workspace, r"tokenizer\.json: tokenizers cannot read it \(.*Fetch the encoder again")


def test_the_stage_writes_the_same_bytes_twice_wherever_the_source_lies(workspace, folder, tmp_path):
    arrange(workspace, described(folder))
    stage.main("demo", "tiny")
    first = content(workspace / "models")
    moved = tmp_path / "elsewhere" / "other-name"
    shutil.copytree(folder, moved)
    params = (workspace / "params.yaml").read_text()
    (workspace / "params.yaml").write_text(params.replace(f"folder:{folder}", f"folder:{moved}"))
    shutil.rmtree(workspace / "models")
    stage.main("demo", "tiny")
    assert content(workspace / "models") == first
    assert not [name for name, bytes_ in first.items() if str(tmp_path).encode() in bytes_]


def test_an_encoder_outside_the_catalogue_is_refused(workspace, folder):
    arrange(workspace, described(folder))
    with pytest.raises(ParamsError, match="catalogue has no encoder 'large'; it has tiny"):
        stage.main("demo", "large")


# --- the wrong weights ------------------------------------------------------------------------------------------------


def test_other_weights_stop_the_stage_with_both_digests(workspace, folder):
    arrange(workspace, described(folder) | {"sha256": "0" * 64})
    found = digest(folder / encoder.WEIGHTS)
    refuses(workspace, rf"sha256 {found}, params\.yaml says catalogue\.tiny\.sha256 {'0' * 64}")


def test_weights_of_a_folder_without_a_digest_stop_the_stage_with_the_line_to_write(workspace, folder):
    entry = arrange(workspace, described(folder) | {"sha256": None})
    line = re.escape(f"sha256: {digest(folder / encoder.WEIGHTS)}  # of model.safetensors")
    refuses(workspace, rf"{re.escape(entry['sources'][0])}: nothing in params\.yaml says which weights .*: {line}$")


def test_the_line_to_write_is_what_was_missing(workspace, folder):
    arrange(workspace, described(folder) | {"sha256": None})
    with pytest.raises(EncoderError) as caught:
        stage.main("demo", "tiny")
    line = re.search("sha256: [0-9a-f]{64}  # of model.safetensors$", str(caught.value))[0]
    params = (workspace / "params.yaml").read_text()
    assert params.count("    sha256:\n") == 1
    (workspace / "params.yaml").write_text(params.replace("    sha256:\n", f"    {line}\n"))
    stage.main("demo", "tiny")
    assert (kept(workspace) / encoder.WEIGHTS).exists()


# --- the wrong sizes --------------------------------------------------------------------------------------------------


def test_a_tokenizer_of_another_size_stops_the_stage(workspace, folder):
    arrange(workspace, described(folder) | {"vocab_size": 30522})
    refuses(workspace, r"catalogue\.tiny\.vocab_size: .*backend has \d+ tokens, expected 30522")


def test_an_embedding_table_of_another_size_stops_the_stage(workspace, folder):
    model = encoder.load_weights(folder)
    size = model.config.vocab_size
    model.resize_token_embeddings(size + 3, mean_resizing=False)
    model.save_pretrained(folder)
    entry = described(folder)
    assert entry.pop("embedding_rows") == size + 3
    arrange(workspace, entry)
    refuses(workspace, rf"embedding table of {size + 3} rows, .*vocab_size says {size}")
    arrange(workspace, entry | {"embedding_rows": size + 2})
    refuses(workspace, rf"embedding table of {size + 3} rows, .*embedding_rows says {size + 2}")


@pytest.mark.parametrize(("room", "fits"), [(47, False), (48, True)])
def test_an_encoder_with_too_few_positions_stops_the_stage(workspace, folder, room, fits):
    """Else torch fails in the middle of training, or the texts are cut for this encoder alone."""
    change_config(folder, max_position_embeddings=room)
    change_weights(
        folder,
        lambda tensors: {
            name: tensor[:room].clone() if "position_embeddings" in name else tensor for name, tensor in tensors.items()
        },
    )
    arrange(workspace, described(folder))
    if fits:
        stage.main("demo", "tiny")
        assert (kept(workspace) / encoder.WEIGHTS).exists()
    else:
        refuses(
            workspace, r"positions for 47 tokens, demo\.tokens\.max_length is 48\. Lower that key, which all encoders"
        )


def test_a_padding_that_is_another_tokens_number_stops_the_stage(workspace, tmp_path, texts):
    """RoBERTa counts positions by it."""
    write_roberta(tmp_path / "other", texts)
    change_config(tmp_path / "other", pad_token_id=3)
    arrange(workspace, described(tmp_path / "other"))
    refuses(workspace, r"config\.json says pad_token_id 3, the tokenizer's <pad> is 1")


def test_where_no_position_hangs_on_it_the_padding_becomes_the_tokenizers(workspace, folder):
    """As BERT says 0 under the vocabulary of XLM-R, whose padding is 1."""
    change_config(folder, pad_token_id=1)
    arrange(workspace, described(folder))
    stage.main("demo", "tiny")
    assert encoder.load_weights(kept(workspace)).config.pad_token_id == 0


def test_text_in_a_script_that_the_vocabulary_lacks_stops_the_stage(workspace, folder):
    arrange(workspace, described(folder), ["тест сообщения", "еще одно", "plain words"] * 5)
    refuses(workspace, r"of demo's train text, 28\.6% of the pieces unknown, .*demo\.tokens allows max_unknown 0\.05")


def test_text_that_the_vocabulary_spells_stops_the_stage(workspace, folder):
    """No token is unknown: the vocabulary has the letters."""
    arrange(workspace, described(folder), ["qwzx vkjq zzxw", "xqvz kwjz qqz"] * 5)
    set_tokens(workspace, max_letters=0.9)
    refuses(workspace, r"of demo's train text, 0\.0% of the pieces unknown, 100% single .* allows max_letters 0\.9")
    set_tokens(workspace, max_letters=1.0, max_pieces=3.0)
    refuses(workspace, r"\d\.\d pieces a word; demo\.tokens allows max_pieces 3\. ")
    set_tokens(workspace, max_letters=1.0, max_pieces=5.0)
    stage.main("demo", "tiny")
    record = read_json(kept(workspace) / "encoder.json")
    assert (record["unknown_share"], record["letter_share"]) == (0, 1)
    assert 3 < record["pieces_per_word"] < 4


def set_tokens(workspace, **keys):
    yaml = YAML()
    file = workspace / "params.yaml"
    tree = yaml.load(file.read_text(encoding="utf-8"))
    tree["defaults"]["tokens"] |= keys
    with file.open("w", encoding="utf-8") as stream:
        yaml.dump(tree, stream)
