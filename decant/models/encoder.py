"""Encoders: loading one with proof that its weights and tokenizer are the ones on disk.

Nothing here falls back: a tensor that a checkpoint does not hold, or a tokenizer of another size, is an EncoderError.
"""

import inspect
from pathlib import Path

import torch
from safetensors import safe_open
from tokenizers import Tokenizer
from transformers import MODEL_MAPPING, AutoConfig, AutoModel, PreTrainedModel, PreTrainedTokenizerFast

from decant.errors import EncoderError
from decant.files import read_json, write_json

WEIGHTS = "model.safetensors"
# Parts of a published checkpoint that no encoder needs: the pooler, pretraining heads, the maps by which TinyBERT was
# distilled, and a buffer of old versions.
SPARE = ("pooler.", "cls.", "lm_head.", "vocab_", "fit_denses.", "embeddings.position_ids")
# How the first BERT checkpoints name a norm's tensors; transformers renames them.
OLD_NAMES = {"LayerNorm.weight": "LayerNorm.gamma", "LayerNorm.bias": "LayerNorm.beta"}


def architecture_options(config) -> dict:
    """Keyword arguments that leave out a pooling layer where the architecture has one: pooling is the classifier's."""
    model = MODEL_MAPPING[type(config)]
    return {"add_pooling_layer": False} if "add_pooling_layer" in inspect.signature(model).parameters else {}


def load_weights(folder: str | Path) -> PreTrainedModel:
    """The encoder in `folder` as fp32, every tensor compared with the file.

    Raises EncoderError: a tensor newly initialised, unexpected, or unlike the file's; a config without its architecture.
    """
    folder = Path(folder)
    if not (folder / WEIGHTS).exists():
        raise EncoderError(f"{folder}: no {WEIGHTS}. Only safetensors are read, never pickles")
    if not (folder / "config.json").exists() or "model_type" not in read_json(folder / "config.json"):
        raise EncoderError(
            f"{folder}/config.json: missing, or without model_type, the architecture. In a copy of the folder, "
            "python -m decant.models.convert FOLDER bert writes the latter (or distilbert, roberta: whichever it is)"
        )
    config = AutoConfig.from_pretrained(folder, local_files_only=True)
    model, report = AutoModel.from_pretrained(
        folder,
        config=config,
        local_files_only=True,
        dtype=torch.float32,
        output_loading_info=True,
        ignore_mismatched_sizes=True,  # they are in the report, and refused below
        **architecture_options(config),
    )
    if report["missing_keys"]:
        raise EncoderError(
            f"{folder}/{WEIGHTS}: has no {sorted(report['missing_keys'])[:3]}; those tensors would start from random numbers"
        )
    if report["mismatched_keys"]:
        raise EncoderError(
            f"{folder}/{WEIGHTS}: other shapes than config.json says: {sorted(report['mismatched_keys'])[:3]}"
        )
    spare = [key for key in report["unexpected_keys"] if not any(part in key for part in SPARE)]
    if spare:
        raise EncoderError(f"{folder}/{WEIGHTS}: holds {sorted(spare)[:3]}, which {type(model).__name__} does not have")
    compare_with_file(model, folder / WEIGHTS)
    return model


def compare_with_file(model: PreTrainedModel, file: Path) -> None:
    """EncoderError unless every tensor of the model is, bit for bit (in fp32), the one in the file."""
    with safe_open(file, "pt") as stored:
        names = set(stored.keys())
        for name, tensor in model.state_dict().items():
            key = next((alias for alias in stored_names(name, model.base_model_prefix) if alias in names), None)
            if key is None or not torch.equal(stored.get_tensor(key).float(), tensor):
                raise EncoderError(
                    f"{file}: tensor {name} in memory is not the one in the file; the load changed or made it up"
                )


def stored_names(name: str, prefix: str) -> list[str]:
    """What a checkpoint may call a tensor: with the architecture's prefix or without, by the new name or the old one."""
    old = next((name.replace(new, was) for new, was in OLD_NAMES.items() if name.endswith(new)), None)
    return [f"{start}{stem}" for stem in (name, old) if stem for start in ("", f"{prefix}.")]


def positions(model: PreTrainedModel) -> int | None:
    """Tokens, specials included, that fit into the encoder; None if its architecture sets no limit."""
    most, padding = getattr(model.config, "max_position_embeddings", None), position_padding(model)
    return most - padding - 1 if most and padding is not None else most


def position_padding(model: PreTrainedModel) -> int | None:
    """The number of the padding token, from which RoBERTa and its kin count positions on; None: the encoder does not."""
    tables = (table for name, table in model.named_modules() if name.endswith("position_embeddings"))
    return next((number for table in tables if (number := getattr(table, "padding_idx", None)) is not None), None)


def pooling(folder: str | Path) -> str:
    """mean or cls: how the encoder stage says that this encoder's states are pooled."""
    return read_json(Path(folder) / "encoder.json")["pooling"]


def load_tokenizer(folder: str | Path) -> PreTrainedTokenizerFast:
    """The tokenizer of `folder`, as stored in its tokenizer.json.

    Raises EncoderError: no tokenizer.json, or a tokenizer whose backend is not that file's vocabulary.
    """
    file = Path(folder) / "tokenizer.json"
    if not file.exists():
        raise EncoderError(
            f"{file}: missing. A fast tokenizer is needed: it is what the bundle ships. In a copy of the folder that has "
            "the vocabulary, python -m decant.models.convert FOLDER writes it"
        )
    # not AutoTokenizer: for some architectures it builds a backend of its own from the vocabulary
    tokenizer = PreTrainedTokenizerFast.from_pretrained(folder, local_files_only=True)
    check_vocabulary(tokenizer, Tokenizer.from_file(str(file)).get_vocab_size(), str(file))
    if tokenizer.unk_token_id is None or tokenizer.pad_token_id is None:
        raise EncoderError(f"{folder}: the tokenizer names no unk_token or no pad_token; tokenizer_config.json must")
    return tokenizer


def check_vocabulary(tokenizer: PreTrainedTokenizerFast, expected: int, where: str) -> None:
    """EncoderError unless the backend, the part that really cuts text, has `expected` entries.

    transformers 5 ignores an unknown argument: BertTokenizerFast(vocab_file=...) builds a backend of five special
    tokens, turns every word into [UNK], and raises nothing.
    """
    size = tokenizer.backend_tokenizer.get_vocab_size()
    if size != expected:
        raise EncoderError(
            f"{where}: the tokenizer's backend has {size} tokens, expected {expected}; it would not read text"
        )


def encode(tokenizer: PreTrainedTokenizerFast, texts: list[str], max_length: int) -> list[list[int]]:
    """Token ids per text, specials included, cut to max_length, not padded.

    Leaves the backend without truncation and padding: both are kept in tokenizer.json once set.
    """
    backend = tokenizer.backend_tokenizer
    backend.no_padding()
    backend.enable_truncation(max_length)
    encodings = backend.encode_batch(texts)
    backend.no_truncation()
    return [encoding.ids for encoding in encodings]


def save_tokenizer(tokenizer: PreTrainedTokenizerFast, folder: Path, max_length: int) -> None:
    """tokenizer.json and tokenizer_config.json, without anything left over from earlier calls or this machine."""
    tokenizer.backend_tokenizer.no_padding()
    tokenizer.backend_tokenizer.no_truncation()
    tokenizer.model_max_length = max_length
    tokenizer.save_pretrained(folder)
    config = read_json(folder / "tokenizer_config.json")
    # how it was loaded here, and the lengths of a checkpoint's own examples: none of it is the tokenizer's
    for key in ("is_local", "local_files_only", "max_length", "stride", "pad_to_multiple_of"):
        config.pop(key, None)
    write_json(folder / "tokenizer_config.json", config)
