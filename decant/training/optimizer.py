"""The optimizer of a classifier: which rate each tensor learns at, and which does not learn."""

import torch

from decant.models.model import Classifier
from decant.settings.training import Training


def optimizer(model: Classifier, settings: Training) -> torch.optim.Optimizer:
    """AdamW; what starts from nothing at a rate of its own; lower layers at lower rates where params say so; no decay on biases
    and norms (tensors of one dimension); nothing for a table of embeddings that stays as it is."""
    model.encoder.get_input_embeddings().weight.requires_grad_(not settings.frozen_embeddings)
    below = depths(model.encoder)
    groups: dict[tuple[float, float], list] = {}
    for name, tensor in model.named_parameters():
        if not tensor.requires_grad:
            continue
        new = name.startswith(("classifier.", "projection."))
        own = settings.learning_rate * settings.layer_decay ** below.get(name.removeprefix("encoder."), 0)
        rate = settings.head_rate if new else own
        decay = settings.weight_decay if tensor.ndim > 1 else 0.0
        groups.setdefault((rate, decay), []).append(tensor)
    return torch.optim.AdamW(
        [{"params": tensors, "lr": rate, "weight_decay": decay} for (rate, decay), tensors in groups.items()],
        fused=True,
    )


def depths(encoder: torch.nn.Module) -> dict[str, int]:
    """Parameter -> layers above it: 0 in the last layer, as many as there are layers in the embeddings. What stands beside the
    layers (a pooler) counts as the last one."""
    layers = encoder.config.num_hidden_layers
    stacks = [
        name
        for name, module in encoder.named_modules()
        if isinstance(module, torch.nn.ModuleList) and len(module) == layers
    ]
    found = {}
    for name, _ in encoder.named_parameters():
        inside = next((name.removeprefix(f"{stack}.") for stack in stacks if name.startswith(f"{stack}.")), None)
        if inside is not None:
            found[name] = layers - 1 - int(inside.partition(".")[0])
        elif "embeddings" in name:
            found[name] = layers
    return found
