"""The mean of the weights of the last epochs, kept where it is better than the best epoch (Izmailov et al. 2018, "Averaging
Weights Leads to Wider Optima and Better Generalization")."""

from pathlib import Path

import pandas as pd
import torch
from safetensors.torch import load_file
from transformers import Trainer

from decant.models.encoder import WEIGHTS
from decant.runs import checkpoints
from decant.scoring import selection
from decant.settings.training import Training


def average(trainer: Trainer, epochs: pd.DataFrame, settings: Training, work: Path) -> pd.DataFrame:
    """Put the mean of the last epochs' weights into the model if valid finds it better than the best epoch's, which is in it;
    the epochs, with a row for the mean then, and how many epochs each row's weights are of.

    work: the folder of checkpoints. The last epochs are those on disk, so that a run that was killed averages the same ones.
    """
    last = checkpoints.whole(work)[-settings.averaged :]
    best = {name: tensor.clone() for name, tensor in trainer.model.state_dict().items()}
    parts = [load_file(folder / WEIGHTS) for folder in last]
    mean = {name: torch.stack([part[name].double() for part in parts]).mean(dim=0) for name in parts[0]}
    trainer.model.load_state_dict({name: tensor.to(best[name].dtype) for name, tensor in mean.items()})
    found = {key.removeprefix("eval_"): value for key, value in trainer.evaluate().items()}
    before, after = (
        selection.best(epochs, settings.select)[f"valid_{settings.select}"],
        round(found[settings.select], 6),
    )
    better = after < before if settings.select == "nll" else after > before
    epochs = epochs.assign(averaged=1)
    if not better:
        trainer.model.load_state_dict(best)
        return epochs
    row = {column: round(found[name], 6) for column in epochs if (name := column.removeprefix("valid_")) in found}
    return pd.concat(
        [epochs, pd.DataFrame([epochs.iloc[-1].to_dict() | row | {"averaged": len(last)}])], ignore_index=True
    )
