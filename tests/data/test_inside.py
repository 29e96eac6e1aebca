"""Raw files and encoders lie where params say: a link out of their folder is refused, one into a cache of digests is not."""

import os
from pathlib import Path

import pytest
from rawtask import TASK, arrange, outputs, rerun, table

from decant import paths
from decant.data import corrections, inside, sources
from decant.errors import DataError
from decant.models import places
from decant.settings.heads import heads_of
from decant.settings.params import read
from stages import unlabelled

ROWS = table("a,win,ham\nb,rent,spam\nc,bye,spam\n")
SECRET = table("x,secret,ham\ny,hidden,spam\n")


@pytest.fixture
def raw(workspace):
    """The task's folder, with one table in it; what it must not read lies beside the repository's data."""
    arrange(workspace, {"rows.csv": ROWS})
    (workspace / "elsewhere").mkdir()
    (workspace / "elsewhere/secret.csv").write_text(SECRET, encoding="utf-8")
    return paths.raw(TASK)


def replaced(raw: Path, target: str) -> None:
    (raw / "rows.csv").unlink()
    (raw / "rows.csv").symlink_to(target)


@pytest.mark.bad_input
@pytest.mark.parametrize("target", ["../../../elsewhere/secret.csv", "{}/elsewhere/secret.csv", "../other/rows.csv"])
def test_a_raw_file_that_is_a_link_out_stops_with_what_mends_it(raw, workspace, target):
    replaced(raw, target.format(workspace))
    with pytest.raises(
        DataError, match=r"rows\.csv: a link, which leads out of data/raw/mini\. Put there .*: rm data/raw"
    ):
        rerun(workspace)
    assert not [name for name in outputs(workspace) if name.endswith("prepared.parquet")]


@pytest.mark.bad_input
def test_a_linked_folder_is_refused_wherever_it_stands(raw, workspace):
    (raw / "more").symlink_to(workspace / "elsewhere")
    arrange(workspace, {}, {"files": ["more/secret.csv"]})
    with pytest.raises(DataError, match="data/raw/mini/more: a link, which leads out"):
        rerun(workspace)


def test_the_command_that_it_says_mends_it(raw, workspace):
    replaced(raw, workspace / "elsewhere/secret.csv")
    with pytest.raises(DataError) as caught:
        rerun(workspace)
    assert os.system(str(caught.value).partition("leads to: ")[2]) == 0
    assert rerun(workspace)["id"].tolist() == ["x", "y"]
    assert (workspace / "elsewhere/secret.csv").read_text(encoding="utf-8") == SECRET


def test_texts_without_labels_and_corrections_are_held_to_it_too(raw, workspace):
    (raw / "fixes.csv").symlink_to(workspace / "elsewhere/secret.csv")
    arrange(workspace, {}, {"unlabelled": {"files": ["fixes.csv"], "text": "text"}})
    with pytest.raises(DataError, match=r"fixes\.csv: a link"):
        unlabelled.files(raw, read(TASK).source)
    arrange(workspace, {}, {"corrections": "fixes.csv"})
    with pytest.raises(DataError, match=r"fixes\.csv: a link"):
        corrections.read(raw, read(TASK).source, heads_of(read(TASK).heads))


@pytest.mark.parametrize(
    "place", [".dvc/cache/files/md5/ab/" + "c" * 30, "shared/files/md5/ab/" + "c" * 30, "hub/blobs/" + "d" * 64]
)
def test_links_into_a_cache_of_digests_and_within_the_folder_are_read(raw, workspace, place):
    (workspace / place).parent.mkdir(parents=True)
    (raw / "rows.csv").rename(workspace / place)
    (raw / "kept.csv").symlink_to(workspace / place)
    (raw / "rows.csv").symlink_to("kept.csv")
    assert rerun(workspace)["id"].tolist() == ["a", "b", "c"]


def test_the_folder_of_the_task_may_be_a_link_itself(raw, workspace):
    raw.rename(workspace / "disk")
    raw.symlink_to(workspace / "disk")
    assert list(sources.files(raw, read(TASK).source)) == [raw / "rows.csv"]
    assert inside.outside(raw) is None


@pytest.mark.parametrize("name", ["tokenizer.json", "config.json", "model.safetensors"])
def test_an_encoder_folder_with_a_link_out_is_no_source(tmp_path, name):
    folder = tmp_path / "encoder"
    folder.mkdir()
    for file in ("tokenizer.json", "config.json", "model.safetensors"):
        (folder / file).write_text("{}", encoding="utf-8")
    assert places.located("tiny", f"folder:{folder}", fetch=False) == (folder, "")
    (folder / name).rename(tmp_path / "outside")
    (folder / name).symlink_to(tmp_path / "outside")
    found, reason = places.located("tiny", f"folder:{folder}", fetch=False)
    assert found is None
    assert reason.startswith(f"{folder / name}: a link, which leads out of {folder}")
