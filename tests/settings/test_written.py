"""params.yaml as text: quotes that are missing, keys that are none, and files that nobody writes by hand."""

import re

import pytest
from graph import ROOT

from decant.errors import ParamsError
from decant.settings import params, written

COMMITTED = (ROOT / "params.yaml").read_text(encoding="utf-8")
LABELS = "    scam: {kind: softmax, labels: [honest, scam]}"
CLASSES = "classes: {scam: [scam], honest: [clean]}"


def refused(folder, text: str | bytes) -> str:
    file = folder / "params.yaml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ParamsError) as error:
        params.read_all(file)
    assert "Traceback" not in str(error.value)
    return str(error.value)


def replaced(old: str, new: str) -> str:
    assert COMMITTED.count(old) == 1, old
    return COMMITTED.replace(old, new)


UNQUOTED = {
    "01": "01 as a number",
    "1e3": "1e3 as a number",
    "0x1F": "0x1F as a number",
    "true": "true as true or false",
    "null": "null as nothing",
    "~": "~ as nothing",
    "2021-01-01": "2021-01-01 as a date",
}


@pytest.mark.bad_input
@pytest.mark.parametrize(("label", "words"), UNQUOTED.items(), ids=UNQUOTED)
def test_a_label_without_its_quotes_is_shown_in_the_line_to_write(tmp_path, label, words):
    told = refused(tmp_path, replaced(LABELS, LABELS.replace("scam]", f"{label}]")))
    number = COMMITTED[: COMMITTED.index(LABELS)].count("\n") + 1
    assert f"demo.heads.scam.labels.1: found {params._shown(written_as(label))}; YAML reads {words}" in told
    assert f'Put quotes around it. Line {number}: scam: {{kind: softmax, labels: [honest, "{label}"]}}' in told
    # and the line that is shown is right as far as quotes go
    mended = replaced(LABELS, LABELS.replace("scam]", f'"{label}"]'))
    assert "quotes" not in refused(tmp_path, mended)


def written_as(label: str):
    return written.YAML(typ="safe", pure=True).load(label)


def test_all_labels_of_a_line_are_told_at_once_and_those_that_yaml_reads_as_text_stay(tmp_path):
    told = refused(
        tmp_path, replaced(LABELS, LABELS.replace("honest, scam", "01, 1e3, true, no, on, off, yes, '7', 2021-01-01"))
    )
    assert told.count("Put quotes around them") == 1
    assert "01 as a number, 1e3 as a number, true as true or false, 2021-01-01 as a date" in told
    assert """labels: ["01", "1e3", "true", no, on, off, yes, '7', "2021-01-01"]}""" in told


def test_raw_labels_below_a_class_and_lists_over_several_lines_have_their_own_lines(tmp_path):
    told = refused(tmp_path, replaced(CLASSES, "classes: {scam: [1], honest:\n        [0,\n         -1]}"))
    assert told.count("Put quotes around") == 3
    assert '["0",' in told
    assert '"-1"]}}' in told


KEYS = {
    "a number": ("threads: 1", "threads: 1\n1: {}", "a key: YAML reads 1 as a number", '"1": {}'),
    "null": ("threads: 1", "threads: 1\nnull: {}", "a key: YAML reads null as nothing", '"null": {}'),
    "nothing": ("threads: 1", "threads: 1\n: {}", "nothing stands before the colon"),
    "true in a section": (
        CLASSES,
        "classes: {true: [scam], honest: [clean]}",
        "a key: YAML reads true",
        '{"true": [scam]',
    ),
    "a list": ("threads: 1", "threads: 1\n? [a, b]\n: 1", "a key is a list or a mapping itself"),
    "a mapping": ("threads: 1", "threads: 1\n? {a: b}\n: 1", "a key is a list or a mapping itself"),
}


@pytest.mark.bad_input
@pytest.mark.parametrize("case", KEYS.values(), ids=KEYS)
def test_a_key_that_is_no_text_is_told_with_its_line(tmp_path, case):
    old, new, *words = case
    told = refused(tmp_path, COMMITTED.replace(old, new, 1))
    assert re.search(r"params\.yaml: line \d+: ", told)
    for word in words:
        assert word in told


DEEP = {
    "lists": "x: " + "[" * 60 + "]" * 60,
    "mappings": "x: " + "{a: " * 60 + "1" + "}" * 60,
    "more than the parser takes": "x: " + "[" * 5000 + "]" * 5000,
    "blocks": "\n".join(f"{' ' * depth}a:" for depth in range(60)),
}


@pytest.mark.bad_input
@pytest.mark.parametrize("text", DEEP.values(), ids=DEEP)
def test_a_file_that_is_nested_too_deeply_is_no_traceback(tmp_path, text):
    assert "sections in sections, more than 40 deep" in refused(tmp_path, text)


def bomb() -> str:
    """Thirty lines of aliases that stand for 9 to the power of 30 values."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]
    return "\n".join(lines)


@pytest.mark.bad_input
def test_aliases_that_stand_for_billions_of_values_are_counted_and_not_written_out(tmp_path):
    assert "aliases (*) stand for 5.37e+28 values" in refused(tmp_path, bomb())


@pytest.mark.bad_input
def test_a_file_of_a_million_lines_is_refused_before_the_parser_spends_minutes_on_it(tmp_path, monkeypatch):
    monkeypatch.setattr(written.YAML, "compose", lambda *_: pytest.fail("parsed"))
    text = "".join(f"k{n}: &k{n} {n}\n" for n in range(1_000_000))
    assert "bytes, at most 1,048,576 are read" in refused(tmp_path, text)


@pytest.mark.bad_input
def test_an_alias_inside_of_itself_is_told(tmp_path):
    assert "line 1: an alias (*) stands inside of what it means" in refused(tmp_path, "a: &x [1, *x]")


def test_aliases_and_merged_keys_work_as_in_any_yaml(tmp_path):
    text = replaced("    urgency: {column: urgency}", "    urgency: &u {column: urgency}")
    text = text.replace("\nscam:", "\nagain:\n  <<: *whole\n\nscam:", 1).replace("\ndemo:", "\ndemo: &whole", 1)
    text = text.replace("  generator:\n    rows: 3000  # posts\n    seed: 13  # of the generator\n", "").replace(
        "    label_noise: 0.03  # share of wrong labels, as people leave them\n", ""
    )
    (tmp_path / "params.yaml").write_text(text, encoding="utf-8")
    _, tasks = params.read_all(tmp_path / "params.yaml")
    assert tasks["again"].heads == tasks["demo"].heads


@pytest.mark.bad_input
def test_a_long_wrong_value_is_cut_in_its_error(tmp_path):
    told = refused(tmp_path, replaced("threads: 1", f"threads: [{', '.join(['word'] * 5000)}]"))
    assert "threads: found ['word', " in told
    assert len(told) < 500


def test_values_that_stop_experiments_are_told_with_their_lines(tmp_path):
    file = tmp_path / "params.yaml"
    file.write_text('a: "???"\nb: [x, "${y}"]\nc: why ???\n', encoding="utf-8")
    first, second = written.read(file).of_omegaconf()
    assert first.startswith("line 1: '???' is a missing or a computed value to OmegaConf")
    assert second.startswith("line 2: '${y}' is")
