"""Attention with fewer heads than its width would hold: no config of transformers can say it, so the modules are replaced."""

import torch
from transformers import PreTrainedModel

from decant.errors import ParamsError

KEPT_HEADS = "kept_heads"  # key of an encoder's config: heads that its attention kept; absent: all


def attentions(encoder: PreTrainedModel) -> list[torch.nn.Module]:
    """The attention of each layer, first to last: self.query, self.key, self.value and output.dense (BERT, RoBERTa, ELECTRA).

    Raises ParamsError: another architecture, whose projections have other names.
    """
    layers = getattr(getattr(encoder, "encoder", None), "layer", [])
    found = [layer.attention for layer in layers if hasattr(getattr(layer.attention, "self", None), "query")]
    if not found or len(found) != len(layers):
        raise ParamsError(
            f"distil.heads: the attention of {encoder.config.model_type} has other parts than BERT's, and no heads that could be "
            "cut; set it to null"
        )
    return found


def narrow_attention(encoder: PreTrainedModel, heads: int) -> None:
    """Give each layer's attention room for `heads` heads, as wide as before, in place; its weights are new."""
    for attention in attentions(encoder):
        projections, width = attention.self, heads * attention.self.attention_head_size
        hidden = projections.query.in_features
        for name in ("query", "key", "value"):
            setattr(projections, name, torch.nn.Linear(hidden, width))
        projections.num_attention_heads, projections.all_head_size = heads, width
        attention.output.dense = torch.nn.Linear(width, hidden)
