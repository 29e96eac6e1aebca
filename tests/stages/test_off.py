"""A stage that is off passes in well under a second, because it imports nothing that it does not need."""

import sys

import pytest
from graph import ROOT
from shell import run

HEAVY = {
    "torch",
    "transformers",
    "sentence_transformers",
    "pandas",
    "sklearn",
    "scipy",
    "nltk",
    "optuna",
    "onnxruntime",
}


@pytest.mark.parametrize(
    "stage", ["adapt", "capacity", "crossfit", "encoder", "gain", "search", "teacher", "unlabelled"]
)
def test_a_stage_that_may_be_off_imports_nothing_heavy_before_it_knows(stage):
    ended = run(ROOT, sys.executable, "-c", f"import sys, stages.{stage}; print(*sys.modules)")
    assert not HEAVY & set(ended.stdout.split())
