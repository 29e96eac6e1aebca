"""An encoder that was learnt from another: same tokenizer, same tensors by name and shape, other weights, and kin.

Kin means that the weights still point the same way. A model that was built anew from config.json has every name and
shape right, and would pass for an adapted one; its cosine with the encoder is 0.
"""

import shutil
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from transformers import AutoConfig, PreTrainedConfig, PreTrainedModel

from decant import paths
from decant.errors import EncoderError
from decant.files import read_json, write_metrics
from decant.models.encoder import WEIGHTS, load_tokenizer, load_weights

# Least cosine between the matrices of an encoder before and after. Four teachers by the default settings have 0.9997 and
# more, 400 contrastive steps at 5e-5 0.99998, a random encoder of the same config 0.000.
KIN = 0.5
# what a config says about a file or a library, not about the model
PASSING = ("_name_or_path", "architectures", "dtype", "torch_dtype", "transformers_version", "use_cache")


def hand_on(model: PreTrainedModel, source: Path, target: Path, step: str, figures: dict) -> None:
    """Write `target`: the folder `source` with the weights of `model`, and adapt.json with the figures of this step.

    Raises EncoderError: other tensors than the source's, none changed, not finite, or no kin of the source.
    """
    tensors = {name: tensor.detach().contiguous() for name, tensor in model.state_dict().items()}
    moved, cosine = compare(tensors, source / WEIGHTS, step)
    shutil.copytree(source, target)
    save_file(tensors, target / WEIGHTS, metadata={"format": "pt"})
    load_weights(target)  # complete, and what config.json describes
    write_metrics(paths.adapt_record(target), record(source) | {step: figures | {"moved": moved, "cosine": cosine}})


def record(folder: Path) -> dict:
    """What the steps so far have noted down, step by step; empty for a published encoder."""
    file = paths.adapt_record(folder)
    return read_json(file) if file.exists() else {}


def compare(tensors: dict[str, torch.Tensor], file: Path, step: str) -> tuple[float, float]:
    """How far the weights are from those of the file, as a share of their length, and the cosine of all matrices."""
    changed, sums = False, torch.zeros(4, dtype=torch.float64)
    with safe_open(file, "pt") as stored:
        names = set(stored.keys())
        if odd := sorted(names ^ set(tensors)):
            raise EncoderError(f"{step}: {odd[:3]} are not in both the adapted encoder and {file}; it is another model")
        for name in sorted(names):
            old, new = stored.get_tensor(name).float(), tensors[name].float()
            if old.shape != new.shape:
                raise EncoderError(f"{step}: {name} is {tuple(new.shape)}, in {file} it is {tuple(old.shape)}")
            if not torch.isfinite(new).all():
                raise EncoderError(f"{step}: {name} holds numbers that are not finite; lower the learning rate")
            changed |= not torch.equal(old, new)
            if old.ndim > 1:  # biases and norms start alike in every model
                old, new = old.double(), new.double()
                sums += torch.stack(
                    [(old - new).square().sum(), old.square().sum(), new.square().sum(), (old * new).sum()]
                )
    if not changed:
        raise EncoderError(f"{step}: no tensor differs from {file}; nothing was learnt")
    distance, length, other, product = sums.tolist()
    cosine = product / (length * other) ** 0.5
    if cosine < KIN:
        raise EncoderError(
            f"{step}: the weights have a cosine of {cosine:.3f} with those of {file}, at least {KIN} is kin; this is not that "
            "encoder with something learnt, but another or a random one, or the learning rate has destroyed it"
        )
    return (distance / length) ** 0.5, cosine


def check_same_kind(config: PreTrainedConfig, folder: Path, source: Path, what: str) -> None:
    """Raises EncoderError unless the model in `folder` reads text and is built as the encoder in `source`.

    config: of the encoder inside that model.
    """
    ours, theirs = (load_tokenizer(place).backend_tokenizer for place in (source, folder))
    if ours.to_str() != theirs.to_str():
        raise EncoderError(
            f"{what}: {folder} reads text with another tokenizer ({theirs.get_vocab_size():,} tokens) than {source} "
            f"({ours.get_vocab_size():,}); its weights are about other tokens"
        )
    wanted, given = shape(AutoConfig.from_pretrained(source, local_files_only=True)), shape(config)
    if odd := sorted(key for key in wanted.keys() | given.keys() if wanted.get(key) != given.get(key)):
        raise EncoderError(
            f"{what}: {folder} and {source} differ in {', '.join(f'{key} ({given.get(key)}, {wanted.get(key)})' for key in odd)}; "
            "it is another encoder"
        )


def shape(config: PreTrainedConfig) -> dict:
    return {key: value for key, value in config.to_dict().items() if key not in PASSING}
