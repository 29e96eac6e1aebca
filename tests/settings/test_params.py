"""params.yaml: what is wrong is named by its full key, what is right reads, and no option is dead or unexplained."""

import ast
import copy
import re
from pathlib import Path

import pytest
from graph import ROOT
from ruamel.yaml import YAML

from decant.errors import ParamsError
from decant.keys import class_keys
from decant.settings import params, schema

COMMITTED = ROOT / "params.yaml"
YAML_SAFE = YAML(typ="safe", pure=True)
YAML_SAFE.sort_base_mapping_type_on_output = False
TREE = YAML_SAFE.load(COMMITTED.read_text(encoding="utf-8"))
GONE = object()


def changed(folder: Path, changes: dict) -> Path:
    """The committed params.yaml with some values replaced, by dotted key; GONE removes the key."""
    tree = copy.deepcopy(TREE)
    for name, value in changes.items():
        *way, last = name.split(".")
        node = tree
        for step in way:
            node = node.setdefault(step, {})
        if value is GONE:
            del node[last]
        else:
            node[last] = value
    file = folder / "params.yaml"
    with file.open("w", encoding="utf-8") as stream:
        YAML_SAFE.dump(tree, stream)
    return file


def saying(*words: str) -> str:
    """A pattern that finds all the words, in any order."""
    return "(?s)" + "".join(f"(?=.*{re.escape(word)})" for word in words)


def refuses(folder: Path, changes: dict, *words: str) -> None:
    file = changed(folder, changes)
    with pytest.raises(ParamsError, match=saying("params.yaml: ", *words)):
        params.read("demo", file)


UNKNOWN = {
    "in defaults": ({"defaults.teacher.epoch": 3}, "defaults.teacher.epoch: unknown key", "epochs, learning_rate"),
    "in a block": ({"scam.teacher.epoch": 3}, "scam.teacher.epoch: unknown key; allowed here", "class_weights"),
    "deep in a block": (
        {"demo.source.labels.scam.colum": "kind"},
        "demo.source.labels.scam.colum",
        "column, columns, separator",
    ),
    "in a gate": ({"demo.gates.scam_fpr.most": 1}, "demo.gates.scam_fpr.most", "metric, key, minus, by, min, max"),
    "in the catalogue": (
        {"catalogue.minilm.pool": "mean"},
        "catalogue.minilm.pool",
        "vocab_size, embedding_rows, pooling",
    ),
    "a section": ({"demo.teachr": {}}, "demo.teachr: unknown key; allowed here", "teacher"),
    "a shared setting": ({"thread": 1}, "thread: found 1", "expected a task's block"),
}


@pytest.mark.parametrize(
    "labels", [["正面", "负面"], ["👍", "👎"], ["US", "us"], ["n", "accuracy"], ["a b", "a.b"]], ids=" ".join
)
def test_labels_that_a_metrics_key_could_not_tell_apart_are_two_all_the_same(tmp_path, labels):
    changes = {
        "demo.heads.topic.labels": labels,
        "demo.source.labels.topic.classes": dict(zip(labels, (["crypto"], ["money"]), strict=True)),
        "demo.decision": {"rule": "thresholds", "head": "topic"},
        "demo.thresholds.caps": {labels[0]: 0.1},
        "demo.gates.scam_fpr.key": f"student_int8.classes.{class_keys(labels)[labels[0]]}.fpr",
    }
    assert list(params.read("demo", changed(tmp_path, changes)).heads["topic"].labels) == labels


@pytest.mark.bad_input
@pytest.mark.parametrize("case", UNKNOWN.values(), ids=UNKNOWN)
def test_an_unknown_key_is_named_with_the_allowed_ones(tmp_path, case):
    refuses(tmp_path, *case)


MISSING = {
    "a default": ("defaults.teacher.epochs", "defaults.teacher.epochs: missing key"),
    "a block's own": ("demo.heads.scam.kind", "demo.heads.scam.kind: missing key"),
    "a block's source": ("demo.source", "demo.source: missing key"),
    "a shared setting": ("threads", "threads: missing key"),
    "of the catalogue": ("catalogue.minilm.pooling", "catalogue.minilm.pooling: missing key"),
    "all defaults": ("defaults", "defaults: missing"),
}


@pytest.mark.bad_input
@pytest.mark.parametrize(("key", "words"), MISSING.values(), ids=MISSING)
def test_a_missing_key_is_named(tmp_path, key, words):
    refuses(tmp_path, {key: GONE}, words)


VALUES = {
    "text for a whole number": ("defaults.teacher.epochs", "3", "'3'", "valid integer"),
    "true for a whole number": ("defaults.teacher.epochs", True, "True", "valid integer"),
    "fraction for a whole number": ("defaults.teacher.epochs", 3.5, "3.5", "valid integer"),
    "text for a number": ("defaults.teacher.learning_rate", "1e-4", "'1e-4'", "valid number"),
    "text for true": ("defaults.cleaning.html", "yes", "'yes'", "valid boolean"),
    "number for text": ("demo.source.text", 7, "7", "where a text is meant. Put quotes around it. Line"),
    "one for a list": ("seeds", 13, "13", "valid list"),
    "list for a mapping": ("demo.heads", ["scam"], "['scam']", "valid dictionary"),
    "nothing for a number": ("defaults.tokens.max_length", None, "None", "valid integer"),
    "share above 1": ("defaults.teacher.warmup", 1.1, "1.1", "less than or equal to 1"),
    "share below 0": ("defaults.tokens.max_unknown", -0.1, "-0.1", "greater than or equal to 0"),
    "dropout of everything": ("defaults.teacher.dropout", 1.0, "1.0", "less than 1"),
    "no epochs": ("defaults.teacher.epochs", 0, "0", "greater than or equal to 1"),
    "length below the least": ("defaults.tokens.max_length", 4, "4", "greater than or equal to 8"),
    "length above the most": ("defaults.tokens.max_length", 1024, "1024", "less than or equal to 512"),
    "one fold": ("defaults.baseline.folds", 1, "1", "greater than or equal to 2"),
    "negative strength": ("defaults.baseline.strengths", [1.0, -1.0], "-1.0", "greater than 0"),
    "cap of 0": ("demo.thresholds.caps", {"scam": 0.0}, "0.0", "greater than 0"),
    "empty list": ("seeds", [], "[]", "at least 1 item"),
    "old operators": ("defaults.export.opset", 11, "11", "greater than or equal to 17"),
    "half a digest": ("catalogue.minilm.sha256", "53aa", "'53aa'", "match pattern"),
    "unknown choice": ("defaults.teacher.schedule", "cosin", "'cosin'", "'linear', 'cosine' or"),
    "unknown split": ("scam.source.splits.rest", "dev", "'dev'", "'train', 'valid', 'calib' or 'test'"),
    "not a number": ("defaults.teacher.learning_rate", float("nan"), "nan", "input should be"),
    "infinite tolerance": ("defaults.export.tolerance", float("inf"), "inf", "finite"),
    "gate at not a number": ("demo.gates.scam_fpr.max", float("nan"), "nan", "finite"),
    "negative seed": ("defaults.split.seed", -1, "-1", "greater than or equal to 0"),
    "negative teacher seed": ("seeds", [-1], "-1", "greater than or equal to 0"),
}


@pytest.mark.bad_input
@pytest.mark.parametrize(("key", "value", "found", "expected"), VALUES.values(), ids=VALUES)
def test_a_wrong_value_is_named_with_what_was_expected(tmp_path, key, value, found, expected):
    refuses(tmp_path, {key: value}, key, f"found {found}", expected)


CLASSES = {"crypto": ["crypto"], "money": ["money"]}
PRIORITY = {"rule": "priority", "order": ["scam", "crypto"], "otherwise": "clean"}
CONTRADICTIONS = {
    "shares of a block": (
        {"demo.split": {"train": 0.7}},
        "demo.split: train + valid + calib + test is 1.1",
        "must be 1",
    ),
    "shares of the defaults": ({"defaults.split.train": 0.7}, "defaults.split: train + valid + calib + test is 1.1"),
    "label in two heads": (
        {
            "demo.heads.topic.labels": ["crypto", "scam"],
            "demo.source.labels.topic.classes": {"crypto": ["crypto"], "scam": ["money"]},
        },
        "demo: heads",
        "two heads",
    ),
    "softmax head of one": ({"demo.heads.scam.labels": ["scam"]}, "demo.heads.scam: a softmax head needs at least 2"),
    "sigmoid head of none": ({"demo.heads.topic.labels": []}, "demo.heads.topic: a sigmoid head needs at least 1"),
    "regression head of one": ({"demo.heads.urgency.labels": ["high"]}, "demo.heads.urgency: a regression head", "no"),
    "label twice": ({"demo.heads.scam.labels": ["scam", "honest", "scam"]}, "demo.heads.scam: labels repeat"),
    "head without a source": (
        {"demo.source.labels.urgency": GONE},
        "demo: source.labels names ['scam', 'topic']",
        "heads names ['scam', 'topic', 'urgency']",
    ),
    "source without a head": ({"demo.heads.urgency": GONE}, "demo: source.labels names ['scam', 'topic', 'urgency']"),
    "class without a label": (
        {"demo.source.labels.topic.classes": CLASSES | {"sport": ["sport"]}},
        "demo: source.labels.topic gives ['crypto', 'money', 'sport']",
        "heads.topic.labels says ['crypto', 'money']",
    ),
    "column and columns": (
        {"demo.source.labels.topic.columns": {"crypto": "is_crypto"}},
        "demo.source.labels.topic: labels come from column or from columns",
    ),
    "columns without a class": (
        {"demo.source.labels.topic": {"columns": {"crypto": "a", "money": "b", "sport": "c"}}},
        "demo: source.labels.topic: columns and classes disagree about ['sport']",
    ),
    "otherwise beside unlabelled": (
        {"demo.source.labels.scam.unlabelled": "drop", "demo.source.labels.scam.otherwise": "honest"},
        "demo.source.labels.scam: otherwise gives every row a class",
    ),
    "softmax without a label": (
        {"demo.source.labels.scam.unlabelled": "allow"},
        "demo: source.labels.scam.unlabelled: a softmax head has one label in every row",
    ),
    "splits given twice": (
        {"demo.source.splits": {"ids": {"train": "a.csv"}, "files": {"test": "posts.csv"}}},
        "demo.source.splits: splits are given by ids, by files or by column",
    ),
    "splits by a column without values": (
        {"demo.source.splits": {"column": "split"}},
        "demo.source.splits: column and values belong together",
    ),
    "splits of a file that is not read": (
        {"demo.source.splits": {"files": {"train": "other.csv"}}},
        "demo.source: splits.files: 'other.csv' is not among files: posts.csv",
    ),
    "a file outside": ({"demo.source.files": ["../scam/train.jsonl"]}, "demo.source.files", "leaves data/raw/<task>"),
    "a hub name without an owner": ({"demo.source.files": ["hf://posts"]}, "is not hf://owner/name"),
    "an unknown encoding": ({"demo.source.encoding": "utf-9"}, "demo.source.encoding", "no encoding that Python knows"),
    "time without a column": (
        {"demo.source.time": GONE, "demo.split": {"order": "time"}},
        "demo: split.order: time needs source.time",
    ),
    "carve without given splits": (
        {"demo.split": {"carve": {"calib": {"source": "valid", "share": 0.5}}}},
        "demo: split.carve takes a missing split out of a given one",
    ),
    "carve from itself": (
        {"demo.split": {"carve": {"calib": {"source": "calib", "share": 0.5}}}},
        "demo.split: carve.calib takes rows from calib itself",
    ),
    "groups without a label": (
        {"demo.heads.topic.groups": {"all": ["crypto"]}},
        "demo.heads.topic: groups must hold each label once; look at ['money']",
    ),
    "filters without tokens": (
        {"demo.linear_text": {"stem": "porter"}},
        "demo.linear_text: stem work on tokens; choose a tokenizer",
    ),
    "English stems of another language": (
        {"demo.linear_text": {"tokenizer": "tweet", "stem": "porter", "language": "german"}},
        "porter and wordnet are English, language is 'german'",
    ),
    "a linear model that reads NLTK's words": (
        {"demo.ship": "linear", "demo.linear_text": {"tokenizer": "tweet"}},
        "ship: linear, but linear_text.tokenizer is 'tweet': a bundle has no NLTK",
        "Set linear_text.tokenizer: none",
    ),
    "what ships is neither student nor linear": ({"demo.ship": "teacher"}, "demo.ship", "'student' or 'linear'"),
    "what remains of a sigmoid head": (
        {"demo.source.labels.topic.classes": {"crypto": ["crypto"]}, "demo.source.labels.topic.otherwise": "money"},
        "demo: source.labels.topic.otherwise: a sigmoid head has no such class",
    ),
    "classes of a number": (
        {"demo.source.labels.urgency.classes": {"high": ["1"]}},
        "demo: source.labels.urgency: a regression head takes a column, or columns to count, only",
    ),
    "order of an unknown label": (
        {"demo.decision": PRIORITY | {"order": ["scam", "spam"]}},
        "demo: decision.order: unknown label 'spam'; the heads have ['crypto', 'honest', 'money', 'scam']",
    ),
    "order twice": ({"demo.decision": PRIORITY | {"order": ["scam", "scam"]}}, "decision", "order", "repeat"),
    "otherwise in the order": (
        {"demo.decision": PRIORITY | {"otherwise": "crypto"}},
        "demo: decision.otherwise: 'crypto' stands in order too",
    ),
    "priority without otherwise": (
        {"demo.decision": {"rule": "priority", "order": ["scam"]}},
        "demo.decision: rule priority needs order and otherwise",
    ),
    "argmax without a head": ({"demo.decision": {"rule": "argmax"}}, "demo.decision: rule argmax needs head"),
    "argmax with an order": (
        {"demo.decision": {"rule": "argmax", "head": "scam", "order": ["scam"]}},
        "demo.decision: rule argmax needs head, and neither order nor otherwise",
    ),
    "argmax over any-of labels": (
        {"demo.decision": {"rule": "argmax", "head": "topic"}},
        "demo: decision.head: 'topic' is not a softmax head",
    ),
    "thresholds of an unknown head": (
        {"demo.decision": {"rule": "thresholds", "head": "topics"}},
        "demo: decision.head: 'topics' is not a sigmoid head; heads are ['scam', 'topic', 'urgency']",
    ),
    "cap of an unknown class": (
        {"demo.thresholds.caps": {"spam": 0.05}},
        "demo: thresholds.caps: 'spam' has no threshold",
        "['scam', 'crypto']",
    ),
    # no threshold makes these answers, so thresholds would leave the caps unused without a word
    "cap of what remains": (
        {"demo.thresholds.caps": {"clean": 0.05}},
        "demo: thresholds.caps: 'clean' has no threshold",
    ),
    "cap without thresholds": (
        {"demo.decision": {"rule": "argmax", "head": "scam"}, "demo.thresholds.caps": {"scam": 0.05}},
        "demo: thresholds.caps: 'scam' has no threshold: the rule argmax has none",
        "decision: {rule: priority, order: [scam], otherwise: another class}, and rule thresholds for a sigmoid head",
    ),
    # each row would count twice, and the upper confidence bound would come out too low
    "tuning split twice": ({"demo.thresholds.rows": ["calib", "calib"]}, "demo.thresholds", "rows", "repeat"),
    "gate with both bounds": ({"demo.gates.scam_fpr.min": 0.0}, "demo.gates.scam_fpr: a gate has either min or max"),
    "gate without a bound": ({"demo.gates.scam_fpr.max": GONE}, "demo.gates.scam_fpr: a gate has either min or max"),
    "windows that hardly move on": (
        {"demo.teacher": {"long_texts": "chunk", "overlap": 60}},
        "demo: teacher.overlap: 60 of 96 tokens (tokens.max_length)",
    ),
    "windows of the runtime that hardly move on": (
        {"demo.runtime": {"long_texts": "chunk", "overlap": 60}},
        "demo: runtime.overlap: 60 of 96 tokens (tokens.max_length)",
    ),
    "a longest text of nothing": ({"demo.runtime": {"max_characters": 0}}, "demo.runtime.max_characters"),
    "nothing to learn from": (
        {"demo.distil": {"soft_weight": 0.0, "hard_weight": 0.0}},
        "demo: distil: soft_weight and hard_weight are both 0",
    ),
    # columns of the prepared table: the slice or head would overwrite the text with the label, say
    "slice named as a column": (
        {"demo.source.slices": {"text": {"columns": ["handle"]}}},
        "demo: source.slices",
        "text",
    ),
    "slice named as a head": ({"demo.source.slices": {"scam": {"columns": ["handle"]}}}, "demo: source.slices", "scam"),
    "head named as a column": (
        {
            "demo.heads": {"text": {"kind": "softmax", "labels": ["honest", "scam"]}},
            "demo.source.labels": {"text": {"column": "kind", "classes": {"scam": ["scam"], "honest": ["clean"]}}},
            "demo.decision": {"rule": "argmax", "head": "text"},
            "demo.thresholds.caps": {},
        },
        "demo: heads",
        "text",
    ),
    # metrics and gates find a class by the slug of its name, and these two share one
    "slice with half a pattern": (
        {"demo.source.slices.handle.pattern": "("},
        "demo.source.slices.handle",
        "pattern",
        "unterminated",
    ),
    "slice pattern without a group": (
        {"demo.source.slices.handle.pattern": "@.*"},
        "demo.source.slices.handle",
        "pattern",
        "group",
    ),
    "unknown task": ({"tasks": ["demo", "spam"]}, "tasks: no block named 'spam'; blocks are", "demo, scam"),
    "unknown teacher encoder": ({"encoders": ["bert"]}, "encoders: 'bert' is not in the catalogue: minilm"),
    # only the encoders that become teachers are fetched
    "unknown probe encoder": ({"demo.baseline": {"probe_encoder": "bert"}}, "demo", "baseline.probe_encoder", "bert"),
    "unknown student encoder": ({"demo.distil": {"encoder": "bert"}}, "demo", "distil.encoder", "bert"),
    "seed twice": ({"seeds": [13, 13]}, "seeds", "repeat"),
    "encoder twice": ({"encoders": ["minilm", "minilm"]}, "encoders", "repeat"),
    "task twice": ({"tasks": ["demo", "demo"]}, "tasks", "repeat"),
}


@pytest.mark.bad_input
@pytest.mark.parametrize("case", CONTRADICTIONS.values(), ids=CONTRADICTIONS)
def test_a_contradiction_is_named(tmp_path, case):
    refuses(tmp_path, *case)


BLAMED = {
    "own value": ({"scam.teacher": {"epochs": 0}}, "scam.teacher.epochs"),
    "inherited value": ({"defaults.teacher.epochs": 0}, "defaults.teacher.epochs"),
    "inherited beside an own value": (
        {"scam.teacher": {"patience": 1}, "defaults.teacher.epochs": 0},
        "defaults.teacher.epochs",
    ),
    "own item of a list": ({"scam.thresholds.rows": ["valid", "test"]}, "scam.thresholds.rows.1"),
    "inherited item of a list": ({"defaults.soften.members": ["linear", "tree"]}, "defaults.soften.members.1"),
}


@pytest.mark.parametrize(("changes", "name"), BLAMED.values(), ids=BLAMED)
def test_an_error_names_the_block_that_holds_the_value(tmp_path, changes, name):
    refuses(tmp_path, changes, f"params.yaml: {name}: found")


def test_every_block_is_checked_and_all_errors_are_shown(tmp_path):
    refuses(tmp_path, {"scam.teacher": {"epochs": 0, "clip": -1.0}}, "scam.teacher.epochs: found", "scam.teacher.clip:")


def test_a_task_without_a_block_is_refused():
    with pytest.raises(ParamsError, match=saying("no task block named 'spam'; blocks are demo, scam")):
        params.read("spam", COMMITTED)


FILES = {
    "empty": (b"", "found NoneType, expected a mapping of sections"),
    "a list": (b"- demo\n", "found list, expected a mapping of sections"),
    "not YAML": (b"tasks: [demo\n", "not YAML"),
    "key twice": (b"threads: 1\nthreads: 2\n", 'not YAML: while constructing a mapping found duplicate key "threads"'),
    "key twice in a section": (b"demo:\n  split: {}\n  split: {}\n", 'not YAML: found duplicate key "split"'),
    "two documents": (b"threads: 1\n---\nthreads: 2\n", "not YAML: expected a single document"),
    "a Python object": (b"threads: !!python/name:os.system 1\n", "not YAML: could not determine a constructor"),
    "an impossible date": (b"threads: 2024-13-45\n", "not YAML"),
    "a control character": (b"threads: \x01\n", "not YAML: special characters are not allowed"),
    "not UTF-8": (b"tasks: [demo]\n# \xe9\n", "not UTF-8 at byte 16"),
}


@pytest.mark.bad_input
@pytest.mark.parametrize(("content", "words"), FILES.values(), ids=FILES)
def test_a_broken_file_is_refused(tmp_path, content, words):
    file = tmp_path / "params.yaml"
    file.write_bytes(content)
    with pytest.raises(ParamsError, match=saying("params.yaml: ", *words.split())):
        params.read("demo", file)


@pytest.mark.bad_input
def test_a_missing_file_says_where_to_run(tmp_path):
    with pytest.raises(ParamsError, match=r"params\.yaml: missing\. Run from the repository's root"):
        params.read("demo", tmp_path / "params.yaml")


NUMBERS = {"1e-3": 1e-3, "1.0e-3": 1e-3, "1E+2": 100.0, "0.5": 0.5, "2": 2.0}


@pytest.mark.parametrize(("written", "value"), NUMBERS.items(), ids=NUMBERS)
def test_numbers_are_read_as_yaml_1_2(tmp_path, written, value):
    file = tmp_path / "params.yaml"
    text = COMMITTED.read_text(encoding="utf-8")
    file.write_text(re.sub(r"(?m)^(    head_rate: )\S+", rf"\g<1>{written}", text), encoding="utf-8")
    assert params.read("demo", file).teacher.head_rate == value
    assert params.read("demo", file).distil.head_rate == value


def test_a_byte_order_mark_does_no_harm(tmp_path):
    file = tmp_path / "params.yaml"
    file.write_bytes(b"\xef\xbb\xbf" + COMMITTED.read_bytes())
    assert params.read("demo", file).teacher == params.read("demo", COMMITTED).teacher


def test_a_block_replaces_single_keys_of_the_defaults(tmp_path):
    file = changed(
        tmp_path, {"demo.teacher": {"epochs": 9}, "scam.teacher": {}, "defaults.teacher.patience": 7, "threads": 2}
    )
    demo, scam = params.read("demo", file), params.read("scam", file)
    assert (demo.task, demo.teacher.epochs, demo.teacher.patience, demo.threads) == ("demo", 9, 7, 2)
    assert (scam.task, scam.teacher.epochs, scam.teacher.patience, scam.threads) == (
        "scam", TREE["defaults"]["teacher"]["epochs"], 7, 2,
    )  # fmt: skip


def test_a_block_can_drop_a_gate_of_the_defaults(tmp_path):
    gates = params.read("demo", changed(tmp_path, {"demo.gates": {"leakage": None}})).gates
    assert set(gates) == set(TREE["defaults"]["gates"]) - {"leakage"}


def test_sections_cannot_be_changed_after_reading():
    with pytest.raises(ValueError, match="frozen"):
        params.read("demo", COMMITTED).teacher.epochs = 1


def test_a_section_that_does_not_exist_is_no_attribute():
    with pytest.raises(AttributeError, match="techer"):
        _ = params.read("demo", COMMITTED).techer


MERGES = {
    "other keys stay": ({"a": 1, "b": 2}, {"b": 3}, {"a": 1, "b": 3}),
    "new keys come": ({"a": 1}, {"b": {"c": 2}}, {"a": 1, "b": {"c": 2}}),
    "mappings merge at any depth": (
        {"a": {"b": {"c": 1, "d": 2}}},
        {"a": {"b": {"d": 3}}},
        {"a": {"b": {"c": 1, "d": 3}}},
    ),
    "an empty mapping changes nothing": ({"a": {"b": 1}}, {"a": {}}, {"a": {"b": 1}}),
    "lists are replaced": ({"a": [1, 2]}, {"a": [3]}, {"a": [3]}),
    "a mapping replaces a value": ({"a": 1}, {"a": {"b": 2}}, {"a": {"b": 2}}),
    "a value replaces a mapping": ({"a": {"b": 2}}, {"a": 1}, {"a": 1}),
    "null removes a mapping": ({"a": {"b": {"c": 1}, "d": {"e": 2}}}, {"a": {"b": None}}, {"a": {"d": {"e": 2}}}),
    "null is a value of a new key": ({}, {"a": None}, {"a": None}),
}


@pytest.mark.parametrize(("base", "over", "merged"), MERGES.values(), ids=MERGES)
def test_merge(base, over, merged):
    before = copy.deepcopy((base, over))
    assert params.merge(base, over) == merged
    assert (base, over) == before


def test_merge_shares_nothing_with_its_inputs():
    base, over = {"a": {"b": [1]}}, {"c": [2]}
    merged = params.merge(base, over)
    merged["a"]["b"].append(9)
    merged["c"].append(9)
    assert (base, over) == ({"a": {"b": [1]}}, {"c": [2]})


@pytest.mark.parametrize("task", [key for key in TREE if key != "defaults" and key not in schema.Params.model_fields])
def test_the_committed_file_reads_for_every_block(task):
    p = params.read(task, COMMITTED)
    assert p.task == task
    assert p.heads
    assert p.catalogue[p.distil.encoder].vocab_size > 0


# -- the file explains itself ------------------------------------------------------------------------------------------


def uncommented(text: str) -> list[str]:
    """Lines `key: value` without a comment behind; a flow mapping or list counts as one line, wherever it ends."""
    found, pending = [], ""
    for line in text.splitlines():
        pending = f"{pending} {line}" if pending else line
        bare = re.sub(r'"(?:[^"\\]|\\.)*"', '""', pending)  # brackets and # inside quotes mean nothing
        code = re.sub(r"(^|\s)#.*", "", bare)
        if code.count("{") + code.count("[") > code.count("}") + code.count("]"):
            continue
        if re.match(r"\s*[\w-]+: *[^\s]", code) and not re.search(r"\s# ?\S+", bare):
            found.append(pending.strip())
        pending = ""
    return found


def test_every_key_in_the_committed_file_has_a_comment(at_head):
    """A task of your own may stand in the working tree without."""
    assert uncommented((at_head / "params.yaml").read_text(encoding="utf-8")) == []


COMMENTS = {
    "value": ("a: 1\n", ["a: 1"]),
    "value with comment": ("a: 1  # why\n", []),
    "empty comment": ("a: 1  #\n", ["a: 1  #"]),
    "number sign in quotes": ('a: "x # y"\n', ['a: "x # y"']),
    "flow mapping": ("  g: {a: 1, b: 2}\n", ["g: {a: 1, b: 2}"]),
    "flow list over two lines": ("g: [a,\n  b]\n", ["g: [a,   b]"]),
    "flow list over two lines with comment": ("g: [a,\n  b]  # why\n", []),
    "key after a flow list": ("g: [a,\n  b]  # why\nc: 1\n", ["c: 1"]),
    "section opener": ("labels:\n", []),
    "list item": ("  - package:x\n", []),
}


@pytest.mark.parametrize(("text", "found"), COMMENTS.values(), ids=COMMENTS)
def test_the_search_for_missing_comments_finds_them(text, found):
    assert uncommented(text) == found


# -- the schema explains itself, and nothing in it is dead -------------------------------------------------------------


def sections(base: type = schema.Section) -> list[type]:
    """The classes of params.yaml; what a stage reads of it (its Sections) has no keys of its own."""
    children = [child for child in base.__subclasses__() if child.__module__.startswith("decant.")]
    return [kind for child in children for kind in (child, *sections(child))]


# Training is not a section itself: what its heirs read counts for both.
OPTIONS = [(section, name) for section in sections() if not section.__subclasses__() for name in section.model_fields]


@pytest.mark.parametrize(
    ("section", "name"),
    [(section, name) for section, name in OPTIONS if section is not schema.Task],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
def test_every_option_has_a_description(section, name):
    description = section.model_fields[name].description
    assert description
    assert description.endswith((".", ")"))


# How the code calls a section once it is out of the params, where that is not the section's own name.
ALIASES = {
    "Reading": {"bundle"},  # the runtime has a class Bundle already
    "Encoder": {"entry"},
    "Annotators": {"annotators", "names"},
    "Slice": {"entry"},
    "GivenSplits": {"splits", "given"},
    "LinearText": {"linear_text"},
    "Carve": {"part"},
    "Split": {"settings"},
    "Teacher": {"settings"},
    "Distil": {"settings"},
    "Baseline": {"settings"},
    "Scratch": {"shape"},
    "Adapt": {"settings"},
    "Dapt": {"settings"},
    "Contrastive": {"settings"},
    "Unlabelled": {"more"},
    "Thresholds": {"settings"},
    "Task": {"p"},
    "Params": {"p", "shared"},
}
# Sections that are laid over another one key by key: who reads that one's key reads theirs.
LAID_OVER = {"FairRates": "Teacher", "FairEncoder": "Encoder", "Student": "Distil"}
AS_DICT = {
    "Cleaning",
    "LinearText",
    "Decision",
    "HeadSettings",
    "Runtime",
}  # shipped in the bundle, so the code reads them as settings["html"]


def reads(sources: list[str]) -> tuple[set[tuple[str, str]], set[str]]:
    """(owner, attribute) of every attribute that is read and not called, and every string that is not a docstring."""
    attributes, strings = set(), set()
    for source in sources:
        tree = ast.parse(source)
        called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
        alone = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load) and id(node) not in called:
                owner = getattr(node.value, "id", getattr(node.value, "attr", ""))
                attributes.add((owner, node.attr))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in alone:
                strings.add(node.value)
    return attributes, strings


def unread(options: list[tuple[type, str]], sources: list[str]) -> list[str]:
    """Options that no source reads."""
    attributes, strings = reads(sources)
    found = []
    for section, name in options:
        under = LAID_OVER.get(section.__name__, section.__name__)
        owners = {under.lower()} | ALIASES.get(under, set())
        read = any((owner, name) in attributes for owner in owners)
        if not read and not (section.__name__ in AS_DICT and name in strings):
            found.append(f"{section.__name__}.{name}")
    return found


def test_every_option_is_read_by_some_stage():
    asked = {
        ROOT / "decant/settings",
        ROOT / "decant/new",
    }  # the checks of an option, and proposing it, are no use of it
    files = [*(ROOT / "decant").rglob("*.py"), *(ROOT / "stages").glob("*.py")]
    sources = [file.read_text(encoding="utf-8") for file in files if file.parent not in asked]
    assert unread(OPTIONS, sources) == []


READINGS = {
    "read": ("x = p.split.seed", []),
    "read under another section": ("x = p.evaluate.seed", ["Split.seed"]),
    "written": ("p.split.seed = 1", ["Split.seed"]),
    "called": ("p.split.seed()", ["Split.seed"]),
    "mentioned": ('"""split.seed"""\n"seed"', ["Split.seed"]),
}


@pytest.mark.parametrize(("source", "found"), READINGS.values(), ids=READINGS)
def test_the_search_for_dead_options_finds_them(source, found):
    assert unread([(schema.Split, "seed")], [source]) == found
    assert unread([(schema.Cleaning, "html")], ['x = settings["html"]', source]) == []
