"""fetch: hub data sets as Parquet, from a copy or from the hub, with every text as it was; refusals write nothing."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import datasets
import httpx2
import huggingface_hub
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from graph import ROOT
from ruamel.yaml import YAML
from shell import ENVIRONMENT

from decant.__main__ import main
from decant.data.fetch import fetch
from decant.errors import DataError, ResourceError

LOAD, BUILD = datasets.load_dataset, datasets.load_dataset_builder
COMMIT = "0123456789abcdef0123456789abcdef01234567"
ODD = ["NA", "null", "", "None", "nan", "007", "1e5", "True", " blank ", "2020-01-02", "a,b", 'a "quoted"\nline', "é😀"]
FOLDER = Path("data/raw/emotion/bdotloh--empathetic-dialogues-contexts")
SPLITS = {"train": ODD, "validation": ["NA", "b"], "test": ["c"]}


def write_csv(path: Path, texts: list[str]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["text", "label"], *([text, "sad"] for text in texts)])


def write_jsonl(path: Path, texts: list[str]) -> None:
    path.write_text("".join(json.dumps({"text": text, "label": "sad"}) + "\n" for text in texts), encoding="utf-8")


def write_parquet(path: Path, texts: list[str]) -> None:
    pq.write_table(pa.table({"text": texts, "label": ["sad"] * len(texts)}), path)


WRITERS = {"csv": write_csv, "jsonl": write_jsonl, "parquet": write_parquet}


@pytest.fixture
def copy(workspace) -> Path:
    """A folder with the three splits as CSV."""
    folder = workspace / "copy"
    folder.mkdir()
    for split, texts in SPLITS.items():
        write_csv(folder / f"{split}.csv", texts)
    return folder


def texts(split: str) -> list[str]:
    return pq.read_table(FOLDER / f"{split}.parquet")["text"].to_pylist()


def entry(workspace: Path, name: str) -> None:
    """Another entry for the task, without splits by file."""
    file = workspace / "params.yaml"
    tree = YAML(typ="safe", pure=True).load(file.read_text(encoding="utf-8"))
    tree["emotion"]["source"] |= {"files": [name] if isinstance(name, str) else name, "splits": None}
    tree["emotion"]["split"] = {}
    with file.open("w", encoding="utf-8") as stream:
        YAML(typ="safe", pure=True).dump(tree, stream)


# --- from a copy ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", WRITERS)
def test_a_copy_of_each_format_keeps_every_text_as_it_is(workspace, form, capsys):
    (workspace / "copy").mkdir()
    for split, rows in SPLITS.items():
        WRITERS[form](workspace / "copy" / f"{split}.{form}", rows)
    assert main(["fetch", "--task", "emotion", "--from", "copy"]) == 0
    assert {split: texts(split) for split in SPLITS} == SPLITS
    assert capsys.readouterr().out.splitlines() == [
        f"{FOLDER}/{split}.parquet: {len(rows)} rows" for split, rows in SPLITS.items()
    ]


def test_all_columns_of_csv_are_text(workspace, copy):
    (copy / "test.csv").write_text("text,label,n,flag,when\nhi,sad,1,true,2020-01-02\nho,sad,,0,\n", encoding="utf-8")
    fetch("emotion", copy)
    table = pq.read_table(FOLDER / "test.parquet")
    assert set(table.schema.types) == {pa.string()}
    assert table.to_pylist()[1] == {"text": "ho", "label": "sad", "n": "", "flag": "0", "when": ""}


def test_texts_of_jsonl_that_look_like_times_stay_texts_and_numbers_numbers(workspace, copy):
    (copy / "test.csv").unlink()
    rows = [
        {"text": "2020-01-02T03:04:05Z", "n": 1, "tags": ["a"]},
        {"text": "2020-01-02T03:04:06+02:00", "n": 2, "tags": []},
    ]
    (copy / "test.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    fetch("emotion", copy)
    assert pq.read_table(FOLDER / "test.parquet").to_pylist() == rows


def test_the_same_copy_gives_the_same_bytes_and_nothing_of_the_library_stays(workspace, copy, tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    command = [sys.executable, "-m", "decant", "fetch", "--task", "emotion", "--from", str(copy)]
    environment = ENVIRONMENT | {"HOME": str(home), "PYTHONPATH": str(ROOT)}
    subprocess.run(command, env=environment, check=True, capture_output=True)
    assert list(home.rglob("*")) == []
    first = {path.name: path.read_bytes() for path in FOLDER.iterdir()}
    assert sorted(first) == ["test.parquet", "train.parquet", "validation.parquet"]
    fetch("emotion", copy)
    assert {path.name: path.read_bytes() for path in FOLDER.iterdir()} == first
    assert pq.ParquetFile(FOLDER / "train.parquet").schema_arrow.metadata is None


def test_names_of_splits_are_understood_and_other_files_named(workspace, copy, capsys):
    (copy / "validation.csv").rename(copy / "dev.csv")
    (copy / "README.md").write_text("hello")
    fetch("emotion", copy)
    assert texts("validation") == SPLITS["validation"]
    assert f"{copy}/README.md: left out, since its name is no split's" in capsys.readouterr().out


def test_many_rows_lie_in_row_groups_of_one_size(workspace, copy):
    write_csv(copy / "train.csv", [f"text {n}" for n in range(45_000)])
    fetch("emotion", copy)
    stored = pq.ParquetFile(FOLDER / "train.parquet").metadata
    assert [stored.row_group(index).num_rows for index in range(stored.num_row_groups)] == [20_000, 20_000, 5_000]


def test_several_data_sets_have_a_folder_each(workspace, copy):
    entry(workspace, ["hf://a/one", "hf://b/two/small"])
    copy.rename(workspace / "a--one")
    (workspace / "b--two--small").mkdir()
    write_csv(workspace / "b--two--small" / "train.csv", ["hi"])
    fetch("emotion", workspace)
    found = sorted(str(path.relative_to("data/raw/emotion")) for path in Path("data/raw/emotion").rglob("*.parquet"))
    assert found == [
        "a--one/test.parquet",
        "a--one/train.parquet",
        "a--one/validation.parquet",
        "b--two--small/train.parquet",
    ]


def edit_missing(folder: Path) -> None:
    (folder / "validation.csv").unlink()


def edit_twice(folder: Path) -> None:
    write_csv(folder / "valid.csv", ["a"])


def edit_ragged(folder: Path) -> None:
    (folder / "test.csv").write_text("text,label\nhi\n", encoding="utf-8")


def edit_broken(folder: Path) -> None:
    (folder / "test.csv").unlink()
    (folder / "test.parquet").write_bytes(b"no parquet")


def edit_mixed(folder: Path) -> None:
    (folder / "test.csv").unlink()
    (folder / "test.jsonl").write_text('{"text": "hi"}\n{"text": 1}\n', encoding="utf-8")


def edit_empty(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (edit_missing, r"has train, test, but emotion\.source\.splits .* takes valid from validation\.parquet"),
        (edit_twice, r"valid\.csv and validation\.csv are both validation"),
        (edit_ragged, r"test\.csv: row 1 \(line 2\): 1 cells where the header has 2"),
        (edit_broken, r"test\.parquet: not Parquet"),
        (edit_mixed, r"test\.jsonl: column 'text' holds text beside other values"),
        (edit_empty, r"no split there; it must hold train, valid and test as \.csv"),
    ],
)
def test_a_copy_that_does_not_do_is_refused_and_nothing_written(workspace, copy, edit, message):
    edit(copy)
    with pytest.raises(DataError, match=message):
        fetch("emotion", copy)
    assert not Path("data").exists()


def test_a_missing_folder_is_named(workspace, capsys):
    assert main(["fetch", "--task", "emotion", "--from", "nowhere"]) == 1
    assert capsys.readouterr().err.startswith(
        "error: --from nowhere: no such folder; it must hold train, valid and test"
    )


def test_files_of_another_origin_are_not_mixed_in(workspace, copy):
    FOLDER.mkdir(parents=True)
    (FOLDER / "old.parquet").write_bytes(b"")
    with pytest.raises(DataError, match=r"holds old\.parquet already"):
        fetch("emotion", copy)
    assert [path.name for path in FOLDER.iterdir()] == ["old.parquet"]


def test_a_task_without_hub_data_is_told_what_else_to_do(workspace):
    with pytest.raises(
        DataError, match=r"scam\.source\.files: nothing of sample\.jsonl .* dvc update data/raw/scam-\*\.dvc"
    ):
        fetch("scam")


# --- from the hub -----------------------------------------------------------------------------------------------------


@pytest.fixture
def hub(monkeypatch) -> SimpleNamespace:
    """A hub on no network: what it was asked, and what it answers."""
    hub = SimpleNamespace(asked=[], loaded=[], config=SimpleNamespace(), features=None, error=None)
    hub.splits = {split: {"text": rows, "label": ["sad"] * len(rows)} for split, rows in SPLITS.items()}

    def dataset_info(self, repository, revision=None):
        hub.asked.append((repository, revision))
        return SimpleNamespace(sha=COMMIT if revision in (None, "main") else revision)

    def load_dataset(path, name=None, **options):
        if hub.error:
            raise hub.error
        hub.loaded.append((path, name, {key: value for key, value in options.items() if key != "cache_dir"}))
        features = options.get("features") or hub.features
        return datasets.DatasetDict(
            {split: datasets.Dataset.from_dict(rows, features=features) for split, rows in hub.splits.items()}
        )

    def load_dataset_builder(path, name=None, **options):
        return SimpleNamespace(config=hub.config, info=SimpleNamespace(features=hub.features))

    monkeypatch.setattr(huggingface_hub.HfApi, "dataset_info", dataset_info)
    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    monkeypatch.setattr(datasets, "load_dataset_builder", load_dataset_builder)
    return hub


def test_an_entry_without_a_revision_is_loaded_at_one_commit_which_is_named(workspace, hub, capsys):
    fetch("emotion")
    assert hub.asked == [("bdotloh/empathetic-dialogues-contexts", None)]
    assert hub.loaded == [("bdotloh/empathetic-dialogues-contexts", None, {"revision": COMMIT})]
    assert {split: texts(split) for split in SPLITS} == SPLITS
    said = capsys.readouterr().out
    assert f'files: ["hf://bdotloh/empathetic-dialogues-contexts@{COMMIT}"]' in said
    assert f"{FOLDER}/train.parquet: {len(ODD)} rows" in said


@pytest.mark.parametrize(
    ("name", "asked", "loaded"),
    [
        (f"hf://owner/name@{COMMIT}", ("owner/name", COMMIT), ("owner/name", None, {"revision": COMMIT})),
        ("hf://owner/name/config", ("owner/name", None), ("owner/name", "config", {"revision": COMMIT})),
        (f"hf://owner/name/config@{COMMIT}", ("owner/name", COMMIT), ("owner/name", "config", {"revision": COMMIT})),
        ("hf://owner/name@main", ("owner/name", "main"), ("owner/name", None, {"revision": COMMIT})),
    ],
)
def test_repository_configuration_and_revision_come_from_the_entry(workspace, hub, capsys, name, asked, loaded):
    entry(workspace, name)
    fetch("emotion")
    assert hub.asked == [asked]
    assert hub.loaded == [loaded]
    assert ("To stay there, write in params.yaml" in capsys.readouterr().out) == (COMMIT not in name)


def test_all_data_sets_of_a_task_share_the_folder_that_the_libraries_were_told_of(workspace, hub, monkeypatch):
    """They look where to keep things when they are imported, which is once: a second folder would not be seen."""
    folders, load = [], datasets.load_dataset

    def load_dataset(path, name=None, **options):
        folders.append(Path(os.environ["HF_HUB_CACHE"]).parent)
        assert folders[-1].is_dir()
        return load(path, name, **options)

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    entry(workspace, ["hf://a/one", "hf://b/two"])
    fetch("emotion")
    assert len(folders) == 2
    assert len(set(folders)) == 1
    assert not folders[0].exists()


def test_csv_on_the_hub_is_loaded_without_gaps_and_without_guessing_numbers(workspace, hub, copy, monkeypatch):
    """The library's own CSV builder, with files on this disk in place of the hub's."""
    for split, rows in {"train": ["NA,007", "null,1"], "validation": [",2"], "test": ["a,3"]}.items():
        (copy / f"{split}.csv").write_text("text,n\n" + "\n".join(rows) + "\n", encoding="utf-8")
    files = {split: str(copy / f"{split}.csv") for split in SPLITS}

    def load_dataset(path, name=None, revision=None, **options):
        return LOAD("csv", name, data_files=files, **options)

    def load_dataset_builder(path, name=None, revision=None, **options):
        return BUILD("csv", name, data_files=files, **options)

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    monkeypatch.setattr(datasets, "load_dataset_builder", load_dataset_builder)
    fetch("emotion")
    assert pq.read_table(FOLDER / "train.parquet").to_pylist() == [
        {"text": "NA", "n": "007"},
        {"text": "null", "n": "1"},
    ]
    assert pq.read_table(FOLDER / "validation.parquet").to_pylist() == [{"text": "", "n": "2"}]


def test_the_names_behind_numbers_are_printed(workspace, hub, capsys):
    hub.features = datasets.Features(
        {"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["sad", "glad"])}
    )
    fetch("emotion")
    assert "label holds numbers: 0 sad, 1 glad" in capsys.readouterr().out
    assert set(pd.read_parquet(FOLDER / "train.parquet")["label"]) == {0}


@pytest.mark.parametrize(
    "error",
    [
        ConnectionError("Couldn't reach 'bdotloh/empathetic-dialogues-contexts' on the Hub (ConnectError)"),
        huggingface_hub.errors.OfflineModeIsEnabled("offline mode"),
        httpx2.ConnectError("name not known"),
        datasets.exceptions.DatasetNotFoundError("Dataset doesn't exist on the Hub or cannot be accessed."),
    ],
    ids=lambda error: type(error).__name__,
)
def test_without_the_hub_the_error_says_what_was_tried_and_what_to_do(workspace, hub, capsys, error):
    hub.error = error
    with pytest.raises(ResourceError) as stopped:
        fetch("emotion")
    message = str(stopped.value)
    assert "tried data set bdotloh/empathetic-dialogues-contexts on the Hugging Face hub" in message
    assert f"{type(error).__name__}: {error}" in message
    assert "python -m decant fetch --task emotion --from FOLDER takes a copy" in message
    assert not Path("data").exists()
    assert main(["fetch", "--task", "emotion"]) == 1
    assert capsys.readouterr().err.startswith("error: hf://bdotloh/empathetic-dialogues-contexts: tried")


def test_a_configuration_that_is_not_there_is_explained_by_the_library(workspace, hub, monkeypatch):
    def builder(path, name=None, **options):
        raise ValueError("BuilderConfig 'x' not found. Available: ['plain', 'long']")

    monkeypatch.setattr(datasets, "load_dataset_builder", builder)
    with pytest.raises(DataError, match=r"not found\. Available: \['plain', 'long'\].*<config>"):
        fetch("emotion")


def test_a_split_that_the_hub_lacks_is_named(workspace, hub):
    del hub.splits["validation"]
    with pytest.raises(DataError, match=r"has train, test, but emotion\.source\.splits"):
        fetch("emotion")
    assert not Path("data").exists()
