"""new: a shape that is no table is seen in the files, named in the block, and prepared."""

import json

from newtask import ROWS, cycle, proposed, texts
from shapefiles import put


def test_a_folder_per_class_becomes_a_task(workspace, inbox):
    put(
        inbox,
        {
            f"news/{label}/{n:03}.txt": text
            for n, (label, text) in enumerate(zip(cycle("a", "b"), texts(), strict=True))
        },
    )
    block, frame = proposed(workspace, inbox / "news")
    assert (block["source"]["files"], block["source"]["format"]) == (["news"], "folders")
    assert (block["source"]["text"], block["source"]["labels"]["label"]["column"]) == ("text", "label")
    assert frame["answer"].value_counts().to_dict() == {"a": ROWS // 2, "b": ROWS // 2}


def test_json_with_an_object_of_splits_keeps_them(workspace, inbox):
    rows = [list(pair) for pair in zip(texts(), cycle("x", "y"), strict=True)]
    third = ROWS // 3
    splits = {"train": rows[:third], "val": rows[third : 2 * third], "test": rows[2 * third :]}
    put(inbox, {"intents.json": json.dumps(splits)})
    block, _ = proposed(workspace, inbox / "intents.json")
    assert block["source"]["format"] == "json"
    assert block["source"]["splits"] == {
        "column": "split",
        "values": {"train": ["train"], "valid": ["val"], "test": ["test"]},
    }
