"""Structured pruning of a student before it learns: the attention heads and feed-forward neurons that carry most on train.

How much one carries is the root mean square, over the tokens of train, of what it adds to the token's state: the norm of
its activation times its column of the matrix that leads back.
"""

import copy
import re

import torch
from transformers import AutoModel, PreTrainedConfig, PreTrainedModel

from decant.errors import ParamsError
from decant.models.encoder import architecture_options
from decant.models.model import batched
from decant.models.slim import KEPT_HEADS, attentions, narrow_attention
from decant.progress import bar

BATCH = 64  # texts, sorted by length
NEURONS = ("intermediate_size", "hidden_dim")  # the feed-forward width in configs: of BERT and its like, of DistilBERT


def slim(encoder: PreTrainedModel, ids: list[list[int]], neurons: int | None, heads: int | None) -> PreTrainedModel:
    """The encoder with `neurons` feed-forward neurons and `heads` attention heads in each layer; None keeps all.

    ids: token ids of the texts over which it is measured what they carry.

    Raises ParamsError: more than there are, or heads of an architecture that is not laid out as BERT.
    """
    slimmer = encoder
    if heads is not None:
        slimmer = with_heads(slimmer, ids, heads)
    if neurons is not None:
        slimmer = with_neurons(slimmer, ids, neurons)
    return slimmer


def with_neurons(encoder: PreTrainedModel, ids: list[list[int]], count: int) -> PreTrainedModel:
    """Each layer's `count` feed-forward neurons that carry most, in the order in which they lay."""
    key = next((name for name in NEURONS if hasattr(encoder.config, name)), None)
    before = getattr(encoder.config, key) if key else 0
    leading = {
        name: module
        for name, module in encoder.named_modules()
        if isinstance(module, torch.nn.Linear) and module.in_features == before
    }
    if len(leading) != encoder.config.num_hidden_layers:
        raise ParamsError(
            f"distil.intermediate: {encoder.config.model_type}: {len(leading)} matrices lead back from {before} neurons, expected one "
            "in each layer; set it to null"
        )
    if count > before:
        raise ParamsError(f"distil.intermediate: {count}: {encoder.config.model_type} has {before} neurons in a layer")
    carried = carriage(encoder, ids, list(leading.values()), 1)
    kept = {layer_of(name): strongest(each, count) for name, each in zip(leading, carried, strict=True)}
    state = {
        name: cut(tensor, before, kept[layer_of(name)]) if layer_of(name) in kept else tensor
        for name, tensor in encoder.state_dict().items()
    }
    config = copy.deepcopy(encoder.config)
    setattr(config, key, count)
    return filled(config, state)


def with_heads(encoder: PreTrainedModel, ids: list[list[int]], count: int) -> PreTrainedModel:
    """Each layer's `count` attention heads that carry most, in the order in which they lay."""
    parts = attentions(encoder)
    before, width = parts[0].self.num_attention_heads, parts[0].self.attention_head_size
    if count > before:
        raise ParamsError(f"distil.heads: {count}: {encoder.config.model_type} has {before} heads in a layer")
    state = encoder.state_dict()
    names = {id(module): name for name, module in encoder.named_modules()}
    for part, scores in zip(parts, carriage(encoder, ids, [part.output.dense for part in parts], width), strict=True):
        columns = (strongest(scores, count)[:, None] * width + torch.arange(width)).flatten()
        for name in ("query", "key", "value"):
            for kind in ("weight", "bias"):
                key = f"{names[id(part)]}.self.{name}.{kind}"
                state[key] = state[key][columns]
        key = f"{names[id(part)]}.output.dense.weight"
        state[key] = state[key][:, columns]
    config = copy.deepcopy(encoder.config)
    setattr(config, KEPT_HEADS, count)
    return filled(config, state)


def carriage(
    encoder: PreTrainedModel, ids: list[list[int]], leading: list[torch.nn.Linear], width: int
) -> list[torch.Tensor]:
    """Of each matrix that leads back into the states: (inputs / width,), what each group of `width` inputs carries."""
    totals = [torch.zeros(module.in_features // width, dtype=torch.float64) for module in leading]
    mask: torch.Tensor | None = None

    def listen(place: int, module: torch.nn.Linear, given: tuple[torch.Tensor]) -> None:
        real = given[0][mask.bool()]  # (tokens, inputs)
        groups = real.unflatten(1, (-1, width))
        weight = module.weight.T.unflatten(0, (-1, width))  # (groups, width, outputs)
        # the squared norm of a product with each group's rows, by their Gram matrix: no (tokens, groups, outputs) in memory
        gram = weight @ weight.transpose(1, 2)
        totals[place] += torch.einsum("tgi,gij,tgj->g", groups, gram, groups).double()

    hooks = [
        module.register_forward_pre_hook(lambda module, given, place=place: listen(place, module, given))
        for place, module in enumerate(leading)
    ]
    encoder.eval()
    ordered = sorted(ids, key=len)
    with torch.inference_mode():
        for start in bar(range(0, len(ordered), BATCH), what="importance", unit="batch"):
            batch = batched([[row] for row in ordered[start : start + BATCH]], encoder.config.pad_token_id)
            mask = batch["attention_mask"]
            encoder(input_ids=batch["input_ids"], attention_mask=mask)
    for hook in hooks:
        hook.remove()
    return [total.sqrt() for total in totals]


def strongest(carried: torch.Tensor, count: int) -> torch.Tensor:
    """Places of the `count` largest, ascending."""
    return carried.topk(count).indices.sort().values


def layer_of(name: str) -> str | None:
    """encoder.layer.2 of encoder.layer.2.output.dense.weight; None for what lies in no layer."""
    found = re.match(r".+?\.\d+(?=\.)", name)
    return found[0] if found else None


def cut(tensor: torch.Tensor, before: int, kept: torch.Tensor) -> torch.Tensor:
    """Only the kept places of each dimension that is `before` long."""
    for dimension, length in enumerate(tensor.shape):
        if length == before:
            tensor = tensor.index_select(dimension, kept)
    return tensor


def filled(config: PreTrainedConfig, state: dict[str, torch.Tensor]) -> PreTrainedModel:
    """An encoder of this shape with these weights."""
    encoder = AutoModel.from_config(config, **architecture_options(config))
    if heads := getattr(config, KEPT_HEADS, None):
        narrow_attention(encoder, heads)
    encoder.load_state_dict(state, strict=True)
    return encoder
