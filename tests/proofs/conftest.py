"""A toy pipeline that ran, once for all tests of this folder that share a process."""

import shutil
from pathlib import Path

import pytest
import toyroad

from decant.proofs.subject import Subject


@pytest.fixture(scope="session")
def toy(tmp_path_factory) -> Path:
    """After `dvc repro`, committed. Copy it before changing it."""
    return toyroad.built(tmp_path_factory.mktemp("toy") / "toy")


@pytest.fixture
def subject(toy, tmp_path) -> Subject:
    """A copy of it that may be maltreated, with what an undisturbed run wrote."""
    return toyroad.subject(shutil.copytree(toy, tmp_path / "subject", symlinks=True))
