"""Encoders: the entries of catalogue."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from decant.errors import ParamsError
from decant.settings.base import Positive, Section, Seed, Share


class Scratch(Section):
    """An encoder that starts from nothing: BERT of this shape, and a WordPiece tokenizer trained on train text."""

    layers: Positive
    """Transformer layers."""
    hidden_size: Positive
    """Width of the token states."""
    heads: Positive
    """Attention heads, which share the width."""
    intermediate_size: Positive
    """Width of the feed-forward layers."""
    seed: Seed
    """Of the first weights."""

    @model_validator(mode="after")
    def _heads_divide(self):
        if self.hidden_size % self.heads:
            raise ValueError(f"hidden_size {self.hidden_size} is no multiple of {self.heads} heads")
        return self


def _origin(source: str) -> str:
    if not re.fullmatch(r"folder:.+|package:[A-Za-z_]\w*|hub:[\w.-]+/[\w.-]+(@[^@\s]+)?", source):
        raise ValueError(f"{source!r}: write folder:PATH, package:NAME or hub:OWNER/NAME@COMMIT")
    return source


class LearningRates(Section):
    """What may differ between encoders that are compared: how fast each one learns, its embeddings perhaps not
    at all. Never how much it sees or how long."""

    learning_rate: Annotated[float, Field(gt=0)] | None = None
    """In place of teacher.learning_rate."""
    head_rate: Annotated[float, Field(gt=0)] | None = None
    """In place of teacher.head_rate."""
    weight_decay: Annotated[float, Field(ge=0)] | None = None
    """In place of teacher.weight_decay."""
    warmup: Share | None = None
    """In place of teacher.warmup."""
    dropout: Annotated[float, Field(ge=0, lt=1)] | None = None
    """In place of teacher.dropout."""
    frozen_embeddings: bool | None = None
    """In place of teacher.frozen_embeddings."""


class Encoder(Section):
    sources: list[Annotated[str, AfterValidator(_origin)]] = []
    """Where to look, in this order: folder:PATH, package:NAME (needs get_model_path()), hub:OWNER/NAME@COMMIT (in full)."""
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None = None
    """Digest of model.safetensors, the same wherever it comes from. null will do for weights from a hub source, since the
    commit is a digest of everything in it: the stage then says which one it found. Other sources need it."""
    scratch: Scratch | None = None
    """In place of sources: an encoder that starts from nothing."""
    vocab_size: Positive
    """Entries in the tokenizer and rows in the embedding table; both must be this. From scratch: at most this."""
    embedding_rows: Positive | None = None
    """Rows in the embedding table, where a checkpoint has more of them than its tokenizer has entries."""
    pooling: Literal["mean", "cls"]
    """How token states become one vector: the mean over the mask, or the first token."""
    teacher: LearningRates = LearningRates()
    """How fast this encoder learns, where it differs from the teacher section."""

    @model_validator(mode="after")
    def _one_origin(self):
        if bool(self.sources) == (self.scratch is not None):
            raise ValueError("an encoder has sources, or scratch")
        if self.scratch and self.sha256:
            raise ValueError("sha256: weights that start from nothing have no digest to compare")
        if self.embedding_rows is not None and (self.scratch or self.embedding_rows <= self.vocab_size):
            raise ValueError("embedding_rows: for a checkpoint with more rows than vocab_size; leave it out otherwise")
        return self


def chosen(catalogue: dict[str, Encoder], name: str) -> Encoder:
    """The entry of that name; ParamsError lists the entries if there is none."""
    if name not in catalogue:
        raise ParamsError(f"params.yaml: catalogue has no encoder {name!r}; it has {', '.join(catalogue)}")
    return catalogue[name]
