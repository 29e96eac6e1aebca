"""Encoders in packages: where their files are, and packages that do not say it."""

import sys
from types import ModuleType

import pytest

from decant.models import packaged


@pytest.fixture
def module(monkeypatch):
    """A package of this process."""
    made = ModuleType("an_encoder")
    made.__spec__ = sys.__spec__
    monkeypatch.setitem(sys.modules, "an_encoder", made)
    return made


def test_a_package_says_where_its_files_are(module, tmp_path):
    module.get_model_path = lambda: str(tmp_path)
    assert packaged.folder("an_encoder") == tmp_path


def test_a_package_that_does_not_say_it_and_one_that_is_not_here_have_no_folder(module):
    assert packaged.folder("an_encoder") is None
    assert packaged.folder("no_such_encoder") is None
