"""A whole road in small: an encoder of a few thousand weights, and params that make every stage quick."""

from collections import Counter
from pathlib import Path

import numpy as np
import torch
from ruamel.yaml import YAML
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

from decant.files import digest
from decant.heads import Head, width
from decant.models.encoder import load_tokenizer, load_weights, save_tokenizer
from decant.models.model import build

SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
WIDTH = 32


def write_tokenizer(folder: Path, texts: list[str], words: int = 400) -> PreTrainedTokenizerFast:
    """A WordPiece tokenizer whose vocabulary is the texts' characters and most frequent words."""
    plain = pre_tokenizers.BertPreTokenizer()
    lower = normalizers.BertNormalizer(lowercase=True)
    found = Counter(word for text in texts for word, _ in plain.pre_tokenize_str(lower.normalize_str(text)))
    letters = sorted({letter for word in found for letter in word})
    common = [word for word, _ in sorted(found.items(), key=lambda item: (-item[1], item[0])) if len(word) > 1][:words]
    tokens = [*SPECIALS, *letters, *(f"##{letter}" for letter in letters), *common]
    backend = Tokenizer(models.WordPiece({token: index for index, token in enumerate(tokens)}, unk_token="[UNK]"))
    backend.normalizer, backend.pre_tokenizer = lower, plain
    backend.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=backend,
        unk_token="[UNK]",
        pad_token="[PAD]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
    )
    tokenizer.save_pretrained(folder)
    return tokenizer


def write_encoder(folder: Path, texts: list[str], layers: int = 3) -> dict:
    """A random BERT of `layers` layers, 32 wide, with its tokenizer; returns its entry for the catalogue."""
    tokenizer = write_tokenizer(folder, texts)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(tokenizer), hidden_size=WIDTH, num_hidden_layers=layers, num_attention_heads=2,
        intermediate_size=64, max_position_embeddings=128, pad_token_id=0,
    )  # fmt: skip
    BertModel(config, add_pooling_layer=False).save_pretrained(folder)
    return {
        "sources": [f"folder:{folder}"],
        "sha256": digest(folder / "model.safetensors"),
        "vocab_size": len(tokenizer),
        "pooling": "mean",
    }


def write_teacher(encoder: Path, heads: tuple[Head, ...], folder: Path) -> None:
    """A teacher that has learnt nothing, as the teacher stage writes it."""
    build(load_weights(encoder), heads, "mean", 0.0, np.zeros(width(heads))).save_pretrained(folder)
    save_tokenizer(load_tokenizer(encoder), folder, 48)


def shrink(params: Path, entry: dict, rows: int = 700) -> None:
    """Rewrite params.yaml for a run of seconds: the tiny encoder, few posts, few epochs, fp32 (any processor)."""
    yaml = YAML()
    tree = yaml.load(params.read_text(encoding="utf-8"))
    tree["tasks"][:] = ["demo"]  # in place, so that the list stays on its line
    tree["encoders"][:] = ["tiny"]
    tree["seeds"][:] = [13]
    tree["threads"] = 1
    tree["catalogue"] = {"tiny": entry}
    tree["demo"]["generator"]["rows"] = rows
    tree["demo"]["thresholds"]["caps"]["scam"] = 0.08  # whatever an experiment has left there
    defaults = tree["defaults"]
    defaults["tokens"] |= {
        "max_length": 48,
        "max_letters": 1.0,
        "max_pieces": 20.0,
    }  # it has few words, and all letters
    defaults["split"]["least"] = 1
    defaults["baseline"] |= {"strengths": [1.0, 10.0], "probe_strengths": [0.01], "folds": 3, "probe_encoder": "tiny"}
    defaults["teacher"] |= {"epochs": 2, "precision": "fp32", "learning_rate": 1.0e-3}
    defaults["distil"] |= {"epochs": 2, "precision": "fp32", "learning_rate": 1.0e-3, "encoder": "tiny"}
    if shape := entry.get("scratch"):
        defaults["distil"]["layers"] = list(range(min(3, shape["layers"])))
    for block in tree.values():  # whoever names teachers names others than this one
        if isinstance(block, dict) and "teachers" in block:
            block["teachers"] = None
    for task in ("demo", "scam"):
        for section in ("distil", "capacity"):  # slim students are cut from wider and deeper encoders than this one
            tree.get(task, {}).pop(section, None)
    # random weights learn next to nothing in seconds: the road is tested here, not the quality
    defaults["quantize"]["min_agreement"] = 0.5
    defaults["bundle"]["fuzz"] = 60
    defaults["benchmark"] |= {"texts": 20, "repeats": 1}
    with params.open("w", encoding="utf-8") as file:
        yaml.dump(tree, file)
