"""The classifier: an encoder, pooling, and one linear layer as wide as the heads together.

Saved with safetensors and a config.json that records the heads. Its one output that ships is `logits` (n, w).
"""

from pathlib import Path

import numpy as np
import torch
from transformers import AutoConfig, AutoModel, PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerFast

from decant import times
from decant.errors import EncoderError
from decant.heads import Head, records
from decant.models.encoder import WEIGHTS, architecture_options, compare_with_file, encode
from decant.models.slim import KEPT_HEADS, narrow_attention
from decant.progress import bar
from decant.runs import device


class ClassifierConfig(PreTrainedConfig):
    """encoder: the encoder's own config as a dict; heads: name -> kind and labels, in the order of the logits.

    overlap: tokens that the windows of a long text share; null cuts long texts.
    """

    model_type = "decant"

    def __init__(self, encoder: dict | None = None, heads: dict | None = None, pooling: str = "mean",
                 width: int = 1, dropout: float = 0.0, overlap: int | None = None, **kwargs):  # fmt: skip
        self.encoder = encoder or {}
        self.heads = heads or {}
        self.pooling = pooling
        self.width = width
        self.dropout = dropout
        self.overlap = overlap
        super().__init__(**kwargs)


class Classifier(PreTrainedModel):
    config_class = ClassifierConfig
    base_model_prefix = "encoder"
    supports_gradient_checkpointing = True
    frozen = False  # true: the encoder learns nothing for now

    def __init__(self, config: ClassifierConfig):
        super().__init__(config)
        inner = AutoConfig.for_model(**config.encoder)
        # eager attention: the only form that exports to a small ONNX graph (10 ms became 6.6 ms at 32 tokens)
        self.encoder = AutoModel.from_config(inner, attn_implementation="eager", **architecture_options(inner))
        if heads := getattr(inner, KEPT_HEADS, None):
            narrow_attention(self.encoder, heads)
        self.dropout = torch.nn.Dropout(config.dropout)
        self.classifier = torch.nn.Linear(inner.hidden_size, config.width)
        # of a student's pooled state to its teacher's width, in training
        self.projection: torch.nn.Module | None = None
        self.post_init()

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, windows: torch.Tensor | None = None
    ) -> dict[str, torch.Tensor]:
        """(m, t) ids and mask -> logits (n, w), pooled states (n, hidden size), and those in the teacher's width.

        windows: (n,) how many of the m rows belong to each text, one after the other; null: one each, n = m.
        """
        states = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        pooled = pool(states, attention_mask, self.config.pooling)
        if self.frozen:
            pooled = pooled.detach()
        if windows is not None:
            owner = torch.repeat_interleave(torch.arange(len(windows), device=pooled.device), windows)
            total = pooled.new_zeros(len(windows), pooled.shape[1]).index_add(0, owner, pooled)
            pooled = total / windows.unsqueeze(-1)
        hidden = self.projection(pooled) if self.projection is not None else pooled
        return {"logits": self.classifier(self.dropout(pooled)), "pooled": pooled, "hidden": hidden}


def pool(states: torch.Tensor, mask: torch.Tensor, how: str) -> torch.Tensor:
    """(n, t, h) token states -> (n, h): the mean over the mask, or the first token's state."""
    if how == "cls":
        return states[:, 0]
    weights = mask.unsqueeze(-1).to(states.dtype)
    return (states * weights).sum(dim=1) / weights.sum(dim=1)


def build(
    encoder: PreTrainedModel,
    heads: tuple[Head, ...],
    pooling: str,
    dropout: float,
    bias: np.ndarray,
    overlap: int | None = None,
) -> Classifier:
    """A classifier around the encoder's weights (copied, and compared afterwards), its last layer new.

    bias: (w,) where the last layer starts, e.g. log-odds of each label: training need not find them first.
    overlap: tokens that the windows of a long text share; null cuts long texts.
    """
    config = ClassifierConfig(
        encoder=encoder.config.to_dict(),
        heads=records(heads),
        pooling=pooling,
        width=len(bias),
        dropout=dropout,
        overlap=overlap,
    )
    model = Classifier(config)
    model.encoder.load_state_dict(encoder.state_dict())
    for (name, ours), theirs in zip(model.encoder.state_dict().items(), encoder.state_dict().values(), strict=True):
        if not torch.equal(ours, theirs):
            raise EncoderError(f"{name}: the classifier did not take the encoder's weights")
    with torch.no_grad():
        model.classifier.bias.copy_(torch.from_numpy(np.asarray(bias, dtype=np.float32)))
    return model


def load(folder: str | Path) -> Classifier:
    """A saved classifier in eval mode, every tensor compared with the file; EncoderError if one is missing or differs."""
    # mismatched sizes are in the report, and refused below
    model, report = Classifier.from_pretrained(
        folder, local_files_only=True, output_loading_info=True, ignore_mismatched_sizes=True
    )
    if report["missing_keys"] or report["unexpected_keys"] or report["mismatched_keys"]:
        raise EncoderError(f"{folder}: weights do not fit config.json: {report}")
    compare_with_file(model, Path(folder) / WEIGHTS)
    return model.eval()


def predict(
    model: Classifier, tokenizer: PreTrainedTokenizerFast, texts: list[str], max_length: int, what: str
) -> tuple[np.ndarray, np.ndarray]:
    """Logits (n, w) and pooled states (n, h) of the texts, float32, in their order. what: shown while it runs."""
    model.eval().to(device.chosen())

    def run(batch: dict) -> tuple[torch.Tensor, torch.Tensor]:
        output = model(**batch)
        return output["logits"], output["pooled"]

    return in_batches(run, tokenizer, texts, max_length, what, model.config.overlap)


def embed(
    encoder: PreTrainedModel,
    tokenizer: PreTrainedTokenizerFast,
    texts: list[str],
    max_length: int,
    pooling: str,
    what: str,
) -> np.ndarray:
    """Pooled states (n, h) float32 of a bare encoder."""
    encoder.eval().to(device.chosen())

    def run(batch: dict) -> tuple[torch.Tensor]:
        return (pool(encoder(**batch).last_hidden_state, batch["attention_mask"], pooling),)

    return in_batches(run, tokenizer, texts, max_length, what)[0]


def in_batches(
    run,
    tokenizer: PreTrainedTokenizerFast,
    texts: list[str],
    max_length: int,
    what: str,
    overlap: int | None = None,
    size: int = 64,
):
    """`run` over batches of texts of like length, so that hardly any padding is computed; its arrays in text order."""
    ids = windows(tokenizer, texts, max_length, overlap)
    order = sorted(range(len(ids)), key=lambda row: sum(map(len, ids[row])))
    parts = []
    with times.spent("scoring"), torch.inference_mode():
        for start in bar(range(0, len(order), size), what=what, unit="batch"):
            batch = batched([ids[row] for row in order[start : start + size]], tokenizer.pad_token_id)
            batch = {name: tensor.to(device.chosen()) for name, tensor in batch.items()}
            parts.append([tensor.float().cpu().numpy() for tensor in run(batch)])
    back = np.argsort(order)
    return tuple(np.concatenate(column)[back] for column in zip(*parts, strict=True))


def windows(
    tokenizer: PreTrainedTokenizerFast, texts: list[str], max_length: int, overlap: int | None
) -> list[list[list[int]]]:
    """Token ids of each text: one window cut to max_length or, with an overlap, as many as the text needs."""
    if overlap is None:
        return [[ids] for ids in encode(tokenizer, texts, max_length)]
    backend = tokenizer.backend_tokenizer
    backend.no_padding()
    backend.enable_truncation(max_length, stride=overlap)
    encodings = backend.encode_batch(texts)
    backend.no_truncation()
    return [[window.ids for window in (encoding, *encoding.overflowing)] for encoding in encodings]


def padded(ids: list[list[int]], pad: int) -> dict[str, torch.Tensor]:
    """input_ids and attention_mask (n, longest) int64."""
    longest = max(map(len, ids))
    return {
        "input_ids": torch.tensor([row + [pad] * (longest - len(row)) for row in ids]),
        "attention_mask": torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in ids]),
    }


def batched(rows: list[list[list[int]]], pad: int) -> dict[str, torch.Tensor]:
    """All windows of some texts, padded, and windows (n,) per text if one of them has several."""
    batch = padded([window for windows in rows for window in windows], pad)
    counts = torch.tensor([len(windows) for windows in rows])
    return batch | ({"windows": counts} if (counts > 1).any() else {})
