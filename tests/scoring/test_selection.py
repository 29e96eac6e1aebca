"""selection: the epoch that a training keeps, for those who train and for those who only read how it went."""

import subprocess
import sys

import pandas as pd
import pytest
from graph import ROOT

from decant.scoring.selection import best


def test_the_first_of_equal_epochs_is_the_best():
    epochs = pd.DataFrame({"valid_nll": [0.5, 0.3, 0.3], "valid_accuracy": [0.7, 0.9, 0.9]}, index=[3, 4, 5])
    assert best(epochs, "nll") == epochs.loc[4].to_dict() == best(epochs, "accuracy")


@pytest.mark.parametrize("module", ["decant.scoring.selection", "stages.learning"])
def test_who_reads_how_a_training_went_needs_no_torch(module):
    code = f"import sys, {module}; print(*[name for name in ('torch', 'transformers') if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == ""
