"""Proof that weights and tokenizer are the ones that params.yaml means, and that they read the task's texts."""

from transformers import PreTrainedModel, PreTrainedTokenizerFast

from decant.errors import EncoderError
from decant.models.coverage import Coverage, strange, told
from decant.models.encoder import WEIGHTS, check_vocabulary, position_padding, positions
from decant.settings.catalogue import Encoder
from decant.settings.tokens import Tokens


def check_digest(name: str, entry: Encoder, source: str, sha256: str) -> None:
    """EncoderError unless params.yaml says that these bytes are the right ones."""
    if entry.scratch or sha256 == entry.sha256:
        return
    line = f"sha256: {sha256}  # of {WEIGHTS}"
    if entry.sha256:
        raise EncoderError(
            f"{source}: {WEIGHTS} has sha256 {sha256}, params.yaml says catalogue.{name}.sha256 {entry.sha256}. "
            "These are other weights: fix the source, or put the new digest in params.yaml if you mean them"
        )
    # a commit's hash covers its whole tree, large files by their sha256: the commit in params is a digest already
    if not source.startswith("hub:"):
        raise EncoderError(
            f"{source}: nothing in params.yaml says which weights these should be; catalogue.{name}.sha256 is null, which "
            f"only a hub source at a full commit allows. If you trust them, write there: {line}"
        )
    print(f"catalogue.{name} has no sha256; put what was found into params.yaml: {line}")


def check_sizes(name: str, entry: Encoder, source: str, tokenizer: PreTrainedTokenizerFast, rows: int) -> None:
    """EncoderError unless tokenizer and embedding table have the size in params (from nothing: one size, at most that)."""
    size = rows if entry.scratch and rows <= entry.vocab_size else entry.vocab_size
    check_vocabulary(tokenizer, size, f"{source}: catalogue.{name}.vocab_size")
    if rows != (entry.embedding_rows or size):
        key = "embedding_rows" if entry.embedding_rows else "vocab_size"
        raise EncoderError(
            f"{source}: embedding table of {rows} rows, catalogue.{name}.{key} says {entry.embedding_rows or entry.vocab_size}"
        )


def check_length(
    task: str, source: str, model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, wanted: int
) -> None:
    """EncoderError unless a text of `wanted` tokens fits, padded with the token that the encoder takes for padding."""
    most = positions(model)
    if most is not None and most < wanted:
        raise EncoderError(
            f"{source}: the encoder has positions for {most} tokens, {task}.tokens.max_length is {wanted}. Lower that key, "
            "which all encoders share, or choose another encoder: cut shorter than the others it could not be compared"
        )
    if position_padding(model) is not None and model.config.pad_token_id != tokenizer.pad_token_id:
        raise EncoderError(
            f"{source}: config.json says pad_token_id {model.config.pad_token_id}, the tokenizer's {tokenizer.pad_token} is "
            f"{tokenizer.pad_token_id}; this encoder counts positions by it. The two are not of one checkpoint"
        )


def check_language(task: str, source: str, found: Coverage, tokens: Tokens) -> None:
    """EncoderError if the tokenizer does not know the train text, or spells it."""
    if over := [f"{key} {getattr(tokens, key):g}" for key in strange(found, tokens)]:
        raise EncoderError(
            f"{source}: of {task}'s train text, {told(found)}; {task}.tokens allows {', '.join(over)}. The tokenizer is not the one "
            f"of these weights, or not made for this language. Take an encoder that knows it in encoders, "
            f"{task}.distil.encoder and {task}.baseline.probe_encoder: multilingual_e5_small (100 languages, from the hub), or "
            f"scratch, which learns its tokens from train, with {task}.ship: linear"
        )
