"""Cutting a tokenizer's vocabulary to a corpus: whatever its texts use stays, so that they keep their tokens.

WordPiece, BPE and Unigram, the models of tokenizer.json that published encoders have. A vocabulary that loses a token of
its own text is an EncoderError.
"""

import json
import re

import numpy as np
from tokenizers import Tokenizer
from transformers import PreTrainedTokenizerFast

from decant.errors import EncoderError
from decant.models.encoder import check_vocabulary

KINDS = ("WordPiece", "BPE", "Unigram")
BYTE = re.compile("<0x[0-9A-F]{2}>")  # what a character without a token falls into, where the model has byte_fallback


def cut_vocabulary(
    tokenizer: PreTrainedTokenizerFast, texts: list[str], min_count: int
) -> tuple[PreTrainedTokenizerFast, list[int]]:
    """A tokenizer with only the tokens that the texts use, and the old id of each new one.

    Kept: specials, single characters and bytes (so that a new word still falls into pieces, not into the unknown token),
    tokens used at least `min_count` times and, of BPE, all that these are merged from. With min_count 1 the texts are
    tokenized exactly as before; this is checked.

    Raises EncoderError: a tokenizer of another kind, or a text that changes its tokens.
    """
    state = json.loads(tokenizer.backend_tokenizer.to_str())
    model = state["model"]
    if model["type"] not in KINDS:
        raise EncoderError(
            f"distil: cannot cut the vocabulary of a {model['type']} tokenizer, only of {', '.join(KINDS)}. Set distil.encoder to "
            "another encoder of the catalogue"
        )
    plain = Tokenizer.from_str(json.dumps({**state, "truncation": None, "padding": None}))
    before = [encoding.ids for encoding in plain.encode_batch(texts)]
    every = np.array([identity for ids in before for identity in ids], dtype=np.int64)
    counts = np.bincount(every, minlength=plain.get_vocab_size())
    numbers = plain.get_vocab(with_added_tokens=False)
    special = {token["id"] for token in state["added_tokens"]} | unknown(model, numbers)
    used = {
        token
        for token, identity in numbers.items()
        if identity in special or counts[identity] >= min_count or is_character(token, model)
    }
    if model["type"] == "BPE":
        used = with_parts(used, model)
    kept = sorted(special | {numbers[token] for token in used})
    renumbered = {old: new for new, old in enumerate(kept)}
    keep(model, sorted(used, key=numbers.get), {token: renumbered[numbers[token]] for token in used})
    for token in state["added_tokens"]:
        token["id"] = renumbered[token["id"]]
    renumber(state["post_processor"] or {}, renumbered)
    state |= {"truncation": None, "padding": None}
    small = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(json.dumps(state)),
        model_input_names=["input_ids", "attention_mask"],
        **tokenizer.special_tokens_map,
    )
    check_vocabulary(small, len(kept), "cut vocabulary")
    if min_count == 1:
        for text, old, encoding in zip(texts, before, small.backend_tokenizer.encode_batch(texts), strict=True):
            if [renumbered[identity] for identity in old] != encoding.ids:
                raise EncoderError(f"cut vocabulary: {text[:60]!r} is tokenized in another way than before the cut")
    return small, kept


def unknown(model: dict, numbers: dict[str, int]) -> set[int]:
    """The id of the token for what the model does not know, as a set: byte-level BPE has none."""
    if model["type"] == "Unigram":
        return set() if model["unk_id"] is None else {model["unk_id"]}
    return {numbers[token] for token in [model["unk_token"]] if token in numbers}


def is_character(token: str, model: dict) -> bool:
    """Whether a token is one character, inside a word or at its end, or one byte."""
    plain = token.removeprefix(model.get("continuing_subword_prefix") or "")
    plain = plain.removesuffix(model.get("end_of_word_suffix") or "")
    return len(plain) == 1 or bool(model.get("byte_fallback") and BYTE.fullmatch(token))


def with_parts(used: set[str], model: dict) -> set[str]:
    """The tokens of BPE with whatever any merge makes them from, and these from.

    Each merge that occurs inside a token of the texts is among them, so that the same ones happen, in the same order.
    """
    prefix = model.get("continuing_subword_prefix") or ""
    parts: dict[str, list[str]] = {}
    for left, right in model["merges"]:
        parts.setdefault(left + right.removeprefix(prefix), []).extend((left, right))
    found, left_over = set(used), list(used)
    while left_over:
        for part in parts.get(left_over.pop(), ()):
            if part not in found:
                found.add(part)
                left_over.append(part)
    return found


def keep(model: dict, used: list[str], numbers: dict[str, int]) -> None:
    """Leave only these tokens in a model of tokenizer.json, in place. used: by their old ids; numbers: their new ids."""
    if model["type"] == "Unigram":
        if model["unk_id"] is not None:
            model["unk_id"] = numbers[model["vocab"][model["unk_id"]][0]]
        model["vocab"] = [entry for entry in model["vocab"] if entry[0] in numbers]
        return
    model["vocab"] = {token: numbers[token] for token in used}
    if model["type"] == "BPE":
        prefix = model.get("continuing_subword_prefix") or ""
        model["merges"] = [
            [left, right]
            for left, right in model["merges"]
            if left in numbers and right in numbers and left + right.removeprefix(prefix) in numbers
        ]


def renumber(processor: dict, renumbered: dict[int, int]) -> None:
    """Give a post-processor the new ids of the specials it adds, in place, in each form that tokenizer.json knows."""
    for token in processor.get("special_tokens", {}).values():  # TemplateProcessing
        token["ids"] = [renumbered[old] for old in token["ids"]]
    for key in ("cls", "sep"):  # BertProcessing, RobertaProcessing
        if key in processor:
            processor[key][1] = renumbered[processor[key][1]]
    for part in processor.get("processors", []):  # Sequence
        renumber(part, renumbered)
