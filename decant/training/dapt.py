"""Domain-adaptive pretraining: an encoder reads the task's text and learns to guess masked tokens of it.

Gururangan et al. 2020, "Don't Stop Pretraining". Most published encoders come without the layer that guesses, so it is
new here (its output tied to the embeddings) and thrown away afterwards.
"""

from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F
from transformers import AutoConfig, AutoModelForMaskedLM, PreTrainedModel, PreTrainedTokenizerFast, set_seed

from decant.errors import DataError, EncoderError
from decant.models.encoder import WEIGHTS, compare_with_file, encode, load_tokenizer, load_weights
from decant.models.model import padded
from decant.settings.adapt import Dapt
from decant.training import steps

ASIDE = 0.05  # share of the texts that the loss is measured on, and that nothing is learnt from
NO_GUESS = -100  # label of a token that is not to be guessed, as torch's cross entropy has it


class Masked(torch.utils.data.Dataset):
    """Token ids with some of them masked, and the labels to guess. The masks of a place hang on seed and place alone."""

    def __init__(
        self, ids: list[list[int]], order: list[int], share: float, seed: int, tokenizer: PreTrainedTokenizerFast
    ):
        self.ids, self.order, self.share, self.seed = ids, order, share, seed
        self.mask, self.vocabulary = tokenizer.mask_token_id, tokenizer.backend_tokenizer.get_vocab_size()
        self.specials = tokenizer.all_special_ids

    def __len__(self) -> int:
        return len(self.order)

    def __getitem__(self, place: int) -> tuple[list[int], list[int]]:
        """Of the chosen tokens 80 % become the mask, 10 % a random token, 10 % stay, as BERT learnt."""
        generator = np.random.default_rng([self.seed, place])
        ids = np.array(self.ids[self.order[place]])
        free = np.flatnonzero(~np.isin(ids, self.specials))
        chosen = generator.choice(free, max(1, round(self.share * len(free))), replace=False)
        labels = np.full(len(ids), NO_GUESS)
        labels[chosen] = ids[chosen]
        fate = generator.random(len(chosen))
        random = generator.integers(self.vocabulary, size=len(chosen))
        ids[chosen] = np.where(fate < 0.8, self.mask, np.where(fate < 0.9, random, ids[chosen]))
        return ids.tolist(), labels.tolist()


def learn(
    source: Path, texts: list[str], max_length: int, settings: Dapt, precision: str, seed: int, work: Path
) -> tuple[PreTrainedModel, dict[str, float]]:
    """The encoder of `source` after settings.epochs passes over the texts, and its figures. work: see steps.run.

    Raises EncoderError: weights that are not the file's, a tokenizer without a mask. DataError: too few texts.
    """
    tokenizer = load_tokenizer(source)
    if tokenizer.mask_token_id is None:
        raise EncoderError(f"{source}: the tokenizer has no mask token; adapt.dapt cannot use this encoder")
    specials = set(tokenizer.all_special_ids)
    ids = [tokens for tokens in encode(tokenizer, texts, max_length) if set(tokens) - specials]
    if len(ids) < settings.batch_size:
        raise DataError(
            f"adapt.dapt: {len(ids)} texts are less than one batch of {settings.batch_size}; name source.unlabelled, or switch "
            "it off"
        )
    order = np.random.default_rng(seed).permutation(len(ids))
    aside = [ids[row] for row in order[: max(1, round(ASIDE * len(ids)))]]
    ids = [ids[row] for row in sorted(order[len(aside) :])]
    lengths = [len(tokens) for tokens in ids]
    order = [
        row
        for number in range(settings.epochs)
        for row in steps.by_length(lengths, settings.batch_size, 1000 * seed + number)
    ]
    set_seed(seed)
    model = masked_model(source)
    rows = Masked(ids, order, settings.mask, seed, tokenizer)
    judged = Masked(aside, list(range(len(aside))), settings.mask, seed, tokenizer)

    def collate(batch: list[tuple[list[int], list[int]]]) -> dict[str, torch.Tensor]:
        labels = padded([guesses for _, guesses in batch], NO_GUESS)["input_ids"]
        return padded([masked for masked, _ in batch], tokenizer.pad_token_id) | {"labels": labels}

    before = masked_loss(model, judged, collate)
    steps.run(model, rows, collate, lambda model, batch: model(**batch).loss, settings, precision, seed, work)
    figures = {
        "texts": len(ids),
        "texts_aside": len(aside),
        "steps": -(-len(rows) // settings.batch_size),
        "masked_loss_before": before,
        "masked_loss_after": masked_loss(model, judged, collate),
    }
    return model.base_model, figures


def masked_model(source: Path) -> PreTrainedModel:
    """The encoder of `source`, every tensor compared with the file, under a new layer that guesses tokens."""
    config = AutoConfig.from_pretrained(source, local_files_only=True)
    try:
        model = AutoModelForMaskedLM.from_config(config, dtype=torch.float32)
    except ValueError:  # of AutoModelForMaskedLM, for an architecture that it does not list
        raise EncoderError(
            f"{source}: {config.model_type} has no masked language model; adapt.dapt cannot use it"
        ) from None
    report = model.base_model.load_state_dict(load_weights(source).state_dict(), strict=False)
    if report.missing_keys or report.unexpected_keys:
        raise EncoderError(f"{source}: the masked language model of {config.model_type} has another encoder: {report}")
    compare_with_file(model.base_model, source / WEIGHTS)
    return model


def masked_loss(model: PreTrainedModel, rows: Masked, collate, size: int = 32) -> float:
    """Mean cross entropy of the masked tokens, in nats."""
    model.eval()
    total = guesses = 0
    with torch.inference_mode():
        for start in range(0, len(rows), size):
            batch = collate([rows[place] for place in range(start, min(start + size, len(rows)))])
            labels = batch.pop("labels")
            wanted = labels != NO_GUESS
            logits = model(**batch).logits[wanted]
            total += float(F.cross_entropy(logits, labels[wanted], reduction="sum"))
            guesses += int(wanted.sum())
    return total / guesses
