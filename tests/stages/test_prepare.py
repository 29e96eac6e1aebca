"""prepare: what a good table becomes, which rows leave it, and how they are counted."""

import csv
import io

import pandas as pd
import pytest
from rawtask import (
    ANY_OF,
    BLOCK,
    JSONL,
    KIND,
    NUMBER,
    TASK,
    TOPIC,
    lines,
    metrics,
    parquet,
    prepared,
    rerun,
    row,
    sheets,
    table,
)

from decant.data import rawfiles
from stages import prepare


def kept(frame: pd.DataFrame, *names: str) -> list[list]:
    return frame[list(names)].to_numpy().tolist()


def test_a_csv_becomes_a_table_in_the_order_of_the_file(workspace):
    content = table("b,  Win &amp; go https://x.org ,spam\na,Hello,ham\nc,bye,bot\n")
    frame = prepared(workspace, {"rows.csv": content})
    assert list(frame.columns) == ["id", "text", "linear", "answer", "kind", "has_url", "split", "raw", "length"]
    assert frame["id"].tolist() == ["b", "a", "c"]
    assert frame["text"].tolist() == ["Win & go https://x.org", "Hello", "bye"]
    assert frame["linear"].tolist() == ["win & go https://x.org", "hello", "bye"]
    assert frame["raw"].tolist() == ["  Win &amp; go https://x.org ", "Hello", "bye"]
    assert frame["kind"].tolist() == frame["answer"].tolist() == ["spam", "ham", "spam"]
    assert frame["has_url"].tolist() == [True, False, False]
    assert frame["split"].tolist() == ["", "", ""]
    assert frame["length"].tolist() == [22, 5, 3]


def test_every_format_gives_the_same_table_and_counts(workspace):
    rows = [{"id": f"{n}", "text": f'a "quoted", text\n{n}', "kind": ["ham", "spam"][n % 2]} for n in range(5)]
    streams = {mark: io.StringIO() for mark in ",\t"}
    for mark, stream in streams.items():
        writer = csv.DictWriter(stream, ["id", "text", "kind"], delimiter=mark)
        writer.writeheader()
        writer.writerows(rows)
    forms = {
        "rows.csv": streams[","].getvalue(),
        "rows.tsv": streams["\t"].getvalue(),
        "rows.jsonl": lines(*rows),
        "rows.parquet": parquet(pd.DataFrame(rows).to_dict("list")),
        "rows.xlsx": sheets(only=[["id", "text", "kind"], *(list(one.values()) for one in rows)]),
    }
    frames, counts = [], []
    for name, content in forms.items():
        frames.append(prepared(workspace, {name: content}, {"files": [name]}))
        counts.append(metrics(workspace))
        decoded = {} if name in ("rows.parquet", "rows.xlsx") else {name.replace(".", "_"): "utf-8"}
        assert counts[-1].pop("encodings") == decoded
        broken = [counts[-1].pop(one, None) for one in ("cells_with_line_breaks", "longest_cell_lines")]
        assert broken == ([5, 2] if name in ("rows.csv", "rows.tsv") else [None, None])
    assert frames[0]["raw"].tolist() == [one["text"] for one in rows]
    assert frames[0]["kind"].tolist() == ["ham", "spam", "ham", "spam", "ham"]
    for other, count in zip(frames[1:], counts[1:], strict=True):
        pd.testing.assert_frame_equal(other, frames[0])
        assert count == counts[0]


def test_several_files_are_read_in_their_order(workspace):
    files = {"one.csv": table("1,hi,ham\n"), "all/two.jsonl": lines(row(id="2", kind="bot"))}
    frame = prepared(workspace, files, {"files": ["one.csv", "all"]})
    assert kept(frame, "id", "text", "kind") == [["1", "hi", "ham"], ["2", "hi", "spam"]]
    assert prepared(workspace, files, {"files": ["all", "one.csv"]})["id"].tolist() == ["2", "1"]


IDS = ["NA", "null", "None", "nan", "007", "1e5", "1.0", "True", "12345678901234567890", "=1+1", "ид", "a b", " 7"]


@pytest.mark.parametrize("identity", IDS)
def test_an_id_stays_the_text_it_is(workspace, identity):
    frame = prepared(workspace, {"rows.csv": table(f"{identity},hi,ham\nx,hi,ham\n")})
    assert frame["id"].tolist() == [identity, "x"]


@pytest.mark.parametrize("identity", [7, 0, -1, 12345678901234567890])
def test_a_number_as_id_becomes_text(workspace, identity):
    assert prepared(workspace, {"rows.jsonl": lines(row(id=identity))}, JSONL)["id"].tolist() == [f"{identity}"]


@pytest.mark.parametrize("word", ["NA", "null", "nan", "None", "True", "1.50"])
def test_a_text_that_looks_like_a_value_stays_text(workspace, word):
    assert prepared(workspace, {"rows.csv": table(f"1,{word},ham\n")})["text"].tolist() == [word]


def test_without_an_id_rows_are_numbered_from_0_and_by_file_where_there_are_several(workspace):
    content = "text,kind\nhi,ham\n\nwin,spam\n"
    assert prepared(workspace, {"rows.csv": content}, {"id": None})["id"].tolist() == ["0", "1"]
    files = {"all/a.csv": content, "rows.csv": content}
    frame = prepared(workspace, files, {"id": None, "files": ["rows.csv", "all"]})
    assert frame["id"].tolist() == ["rows.csv:0", "rows.csv:1", "all/a.csv:0", "all/a.csv:1"]


def test_numbers_of_jsonl_rows_are_those_of_their_lines_in_every_batch(workspace, monkeypatch):
    content = "\n" + lines(row(), "", row(), row(), "", "", row())
    frame = prepared(workspace, {"rows.jsonl": content}, JSONL | {"id": None})
    assert frame["id"].tolist() == ["1", "3", "4", "7"]
    monkeypatch.setattr(rawfiles, "BATCH", 2)
    assert rerun(workspace)["id"].tolist() == ["1", "3", "4", "7"]


def test_several_text_columns_are_joined_without_the_empty_ones(workspace):
    rows = [
        row(id="1", title="A", body="b"),
        row(id="2", title="", body="b"),
        row(id="3", title="A"),
        row(id="4", body=None),
    ]
    rows[3] |= {"title": "only"}
    frame = prepared(workspace, {"rows.jsonl": lines(*rows)}, JSONL | {"text": ["title", "body"]})
    assert frame["raw"].tolist() == ["A\nb", "b", "A", "only"]
    frame = prepared(workspace, {"rows.jsonl": lines(*rows)}, JSONL | {"text": ["body", "title"], "joiner": " | "})
    assert frame["text"].tolist() == ["b | A", "b", "A", "only"]


def test_every_head_gets_its_columns_and_the_decision_its_answer(workspace):
    source = {"labels": {"kind": KIND, "topic": TOPIC, "urgency": {"column": "urgency"}}}
    decision = {"rule": "priority", "order": ["spam", "sport"], "otherwise": "rest"}
    content = "id,text,kind,topics,urgency\n1,a,bot,sport,0.5\n2,b,ham,money|sport,-1\n3,c,ham,money,1e3\n"
    frame = prepared(
        workspace, {"rows.csv": content}, source, heads=NUMBER["heads"] | ANY_OF["heads"], decision=decision
    )
    assert frame["kind"].tolist() == ["spam", "ham", "ham"]
    assert kept(frame, "topic.money", "topic.sport") == [[False, True], [True, True], [True, False]]
    assert frame["urgency"].tolist() == [0.5, -1.0, 1000.0]
    assert frame["answer"].tolist() == ["spam", "sport", "rest"]
    assert metrics(workspace)["answers"] == {"spam": 1, "sport": 1, "rest": 1}


def test_an_answer_of_several_labels_is_joined_and_counted_label_by_label(workspace):
    content = "id,text,topics\n1,a,sport|crypto\n2,b,\n3,c,sport\n"
    frame = prepared(workspace, {"rows.csv": content}, {"labels": {"topic": TOPIC}}, **ANY_OF)
    assert frame["answer"].tolist() == ["money|sport", "", "sport"]
    assert metrics(workspace)["answers"] == {"money": 1, "sport": 2}


def test_a_label_that_looks_like_two_is_counted_as_one(workspace):
    labels = {"kind": {"column": "kind", "classes": {"ham|eggs": ["ham"], "spam": ["spam"]}}}
    heads = {"kind": {"kind": "softmax", "labels": ["ham|eggs", "spam"]}}
    frame = prepared(workspace, {"rows.csv": table("1,a,ham\n2,b,spam\n")}, {"labels": labels}, heads=heads)
    assert frame["answer"].tolist() == [r"ham\|eggs", "spam"]  # a bar of its own is marked
    assert metrics(workspace)["answers"] == {"ham_vertical_line_eggs": 1, "spam": 1}


def test_slices_take_the_first_column_with_a_match(workspace):
    slices = {
        "author": {"columns": ["url", "link"], "pattern": r"x\.org/([^/]+)/"},
        "place": {"columns": ["city", "land"]},
    }
    rows = [
        row(id="1", url="https://x.org/ann/1", link="https://x.org/bob/1", city="Rome"),
        row(id="2", url="https://y.org/ann/1", link="https://x.org/bob/1", city="", land="Peru"),
        row(id="3", url=None, link="none", land=7),
        row(id="4"),
    ]
    frame = prepared(workspace, {"rows.jsonl": lines(*rows)}, JSONL | {"slices": slices})
    assert frame["author"].tolist() == ["ann", "bob", "", ""]
    assert frame["place"].tolist() == ["Rome", "Peru", "7", ""]


def test_a_jsonl_field_of_a_slice_may_come_late(workspace, monkeypatch):
    monkeypatch.setattr(rawfiles, "BATCH", 1)
    content = lines(row(id="1"), row(id="2", city="Rome"))
    frame = prepared(workspace, {"rows.jsonl": content}, JSONL | {"slices": {"place": {"columns": ["city"]}}})
    assert frame["place"].tolist() == ["", "Rome"]


def test_group_and_time_get_columns_of_their_own(workspace):
    whens = {
        "2025-01-02": "2025-01-02T00:00:00",
        "2025-01-02 10:00:00+02:00": "2025-01-02T08:00:00",
        "2025-01-02T03:04:05.123456789Z": "2025-01-02T03:04:05.123456",
        "1735786800": "2025-01-02T03:00:00",
        "1735786800.5": "2025-01-02T03:00:00.500000",
        "100000000": "1973-03-03T09:46:40",
    }
    rows = [row(id=f"{n}", when=when, who=f"u{n % 2}") for n, when in enumerate(whens)]
    source = JSONL | {"group": {"columns": ["who"]}, "time": {"columns": ["when"]}}
    frame = prepared(workspace, {"rows.jsonl": lines(*rows)}, source)
    assert frame["group"].tolist() == ["u0", "u1"] * 3
    assert str(frame["time"].dtype) == "datetime64[us, UTC]"
    assert [one.isoformat().removesuffix("+00:00") for one in frame["time"]] == list(whens.values())


# -- rows that leave ---------------------------------------------------------------------------------------------------


def test_the_metrics_count_every_row_and_word(workspace):
    texts = ["Free   crypto", "<b>Free</b> crypto!!", "free\u200bcrypto", "𝗙ree crypto", "&nbsp;", "other words here"]
    kinds = ["spam", "bot", "spam", "ham", "ham", "ham"]
    rows = [row(id=f"{n}", text=one, kind=kind) for n, (one, kind) in enumerate(zip(texts, kinds, strict=True))]
    frame = prepared(workspace, {"rows.jsonl": lines(*rows)}, JSONL)
    assert frame["text"].tolist() == ["Free crypto", "Free crypto!!", "freecrypto", "Free crypto", "other words here"]
    assert metrics(workspace) == {
        "rows_raw": 6,
        "words_raw": 14,
        "rows_empty": 1,
        "rows_unlabelled": 0,
        "clean_html": {"rows_changed": 2, "words_after": 11},
        "clean_unicode": {"rows_changed": 2, "words_after": 11},
        "clean_invisible": {"rows_changed": 1, "words_after": 10},
        "clean_whitespace": {"rows_changed": 3, "words_after": 10},
        "clean_again": {"rows_changed": 0, "words_after": 10},
        "rows_dropped_as_conflicts": 0,
        "rows_dropped_as_repeats": 0,
        "rows": 5,
        "words": 10,
        "duplicates": 2,  # rows 1 and 3 repeat row 0
        "conflicting_texts": 1,  # and row 3 calls it ham
        "conflicting_rows": 3,
        "answers": {"ham": 2, "spam": 3},
        "encodings": {"rows_jsonl": "utf-8"},
    }


def test_only_the_steps_that_are_on_are_run_and_counted(workspace):
    off = {"html": False, "unicode": "keep", "invisible": False, "mentions": "mask", "whitespace": False}
    frame = prepared(workspace, {"rows.csv": table("1, <b>  @ann,ham\n")}, cleaning=off)
    assert frame["text"].tolist() == [" <b>  @user"]
    assert [key for key in metrics(workspace) if key.startswith("clean_")] == ["clean_mentions", "clean_again"]


UNLABELLED = {
    "dropped": ({"unlabelled": "drop"}, ["1", "4"], ["ham", "spam"], 2),
    "given a class": (
        {"classes": {"spam": ["bot"]}, "otherwise": "ham"},
        ["1", "2", "3", "4"],
        ["ham"] * 3 + ["spam"],
        0,
    ),
}


@pytest.mark.parametrize(("changes", "ids", "kinds", "dropped"), UNLABELLED.values(), ids=UNLABELLED)
def test_rows_that_no_class_claims_follow_their_rule(workspace, changes, ids, kinds, dropped):
    content = table("1,a,ham\n2,b,\n3,c,lang_en\n4,d,bot\n5, ,\n")
    source = {"labels": {"kind": KIND | changes}, "ignore": ["ham", "lang_*"]}
    frame = prepared(workspace, {"rows.csv": content}, source)
    assert (frame["id"].tolist(), frame["kind"].tolist()) == (ids, kinds)
    found = metrics(workspace)
    assert (found["rows_raw"], found["rows_empty"], found["rows_unlabelled"], found["rows"]) == (
        5,
        1,
        dropped,
        len(ids),
    )


def test_a_row_is_dropped_if_any_head_says_so(workspace):
    labels = {"kind": KIND | {"unlabelled": "drop"}, "topic": TOPIC | {"unlabelled": "drop"}}
    content = "id,text,kind,topics\n1,a,ham,sport\n2,b,,sport\n3,c,ham,\n"
    frame = prepared(workspace, {"rows.csv": content}, {"labels": labels}, heads=BLOCK["heads"] | ANY_OF["heads"])
    assert frame["id"].tolist() == ["1"]
    assert metrics(workspace)["rows_unlabelled"] == 2


# one text twice as spam and once as ham, one in a tie, one repeated in agreement, and one alone
POSTS = table(
    "1,Win!,spam\n2,win,ham\n3,tie,ham\n4,TIE,spam\n5,hello,ham\n6,WIN,bot\n7,Hello,ham\n8,alone,spam\n9,win?,spam\n"
)
POLICIES = {
    "keep all": ("keep", "keep", "123456789", 0, 0),
    "no conflicts": ("keep", "drop", "578", 6, 0),
    "the majority": ("keep", "majority", "156789", 3, 0),
    "first of each": ("first", "keep", "1358", 0, 5),
    "first, no conflicts": ("first", "drop", "58", 6, 1),
    "softened": ("keep", "soften", "123456789", 0, 0),
    "first, and all of a conflict": ("first", "soften", "12345689", 0, 1),
    "first of the majority": ("first", "majority", "158", 3, 3),
}


@pytest.mark.parametrize(("repeats", "conflicts", "ids", "against", "again"), POLICIES.values(), ids=POLICIES)
@pytest.mark.parametrize("batch", [20_000, 2])
def test_repeats_and_conflicts_follow_their_policy(
    workspace, monkeypatch, repeats, conflicts, ids, against, again, batch
):
    monkeypatch.setattr(rawfiles, "BATCH", batch)
    monkeypatch.setattr(prepare, "in_order", lambda recipe, batches: map(recipe.worker(), batches))
    frame = prepared(workspace, {"rows.csv": POSTS}, duplicates={"repeats": repeats, "conflicts": conflicts})
    assert "".join(frame["id"]) == ids
    found = metrics(workspace)
    assert (found["rows_dropped_as_conflicts"], found["rows_dropped_as_repeats"], found["rows"]) == (
        against,
        again,
        len(ids),
    )
    assert (found["duplicates"], found["conflicting_texts"], found["conflicting_rows"]) == (5, 2, 6)
    assert found["words"] == len(ids)  # every text is one word
    assert found["answers"] == {name: int((frame["answer"] == name).sum()) for name in ("ham", "spam")}


def test_a_conflict_needs_two_answers_not_two_raw_labels(workspace):
    prepared(workspace, {"rows.csv": table("1,win,spam\n2,win,bot\n")}, duplicates={"conflicts": "drop"})
    assert metrics(workspace)["conflicting_rows"] == 0


def test_the_first_row_of_a_text_is_kept_in_every_given_split(workspace):
    content = "id,text,kind,part\n1,a,ham,x\n2,A!,ham,x\n3,a,ham,y\n4,b,ham,y\n5,a,ham,y\n"
    splits = {"column": "part", "values": {"train": ["x"], "test": ["y"]}}
    frame = prepared(workspace, {"rows.csv": content}, {"splits": splits}, duplicates={"repeats": "first"})
    assert kept(frame, "id", "split") == [["1", "train"], ["3", "test"], ["4", "test"]]
    assert metrics(workspace)["duplicates"] == 3


def test_conflicting_rows_are_shown_text_by_text(workspace):
    prepared(workspace, {"rows.csv": POSTS}, duplicates={"conflicts": "drop"})
    found = pd.read_csv(workspace / "data" / TASK / "conflicts.csv", dtype=str, keep_default_na=False)
    assert found.to_numpy().tolist() == [
        ["1", "", "spam", "Win!"], ["2", "", "ham", "win"], ["6", "", "spam", "WIN"], ["9", "", "spam", "win?"],
        ["3", "", "ham", "tie"], ["4", "", "spam", "TIE"],
    ]  # fmt: skip
    prepared(workspace, {"rows.csv": table("1,hi,ham\n")})
    assert (workspace / "data" / TASK / "conflicts.csv").read_text() == "id,split,answer,text\n"


@pytest.mark.parametrize("conflicts", ["drop", "majority"])
def test_labels_of_one_given_split_do_not_edit_another(workspace, conflicts):
    files = {
        "rows.csv": table("1,hi,ham\n2,Hi,ham\n3,hi!,spam\n4,so,ham\n5,so,spam\n6,so,ham\n"),
        "train.csv": "id\n1\n2\n4\n5\n6\n",
        "test.csv": "id\n3\n",
    }
    source = {"splits": {"ids": {"train": "train.csv", "test": "test.csv"}}}
    frame = prepared(workspace, files, source, duplicates={"conflicts": conflicts})
    # "hi" differs between train and test only, "so" within train
    assert frame["id"].tolist() == ["1", "2", "3", *(["4", "6"] if conflicts == "majority" else [])]
    assert metrics(workspace)["conflicting_texts"] == 2


def test_a_gap_in_a_group_column_is_no_group(workspace):
    rows = [row(id="1", who="ann"), row(id="2", who=None), row(id="3", who=float("nan")), row(id="4", who="  ")]
    source = JSONL | {"group": {"columns": ["who"]}}
    assert prepared(workspace, {"rows.jsonl": lines(*rows)}, source)["group"].tolist() == ["ann", "", "", ""]
