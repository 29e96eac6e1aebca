"""Several annotators of a row: the vote in classes, ties, who says nothing, and how far they agree."""

from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from rawtask import ANY_OF, TASK, arrange, lines, metrics, prepared

from decant import paths
from decant.data import annotators
from decant.data.annotators import agreement, vote
from decant.data.batch import Batch
from decant.errors import DataError, ParamsError
from decant.members import taught
from decant.settings import params
from decant.settings.heads import heads_of
from decant.settings.source import Source
from stages import noise, prepare, split

CLASSES = {"spam": ["spam", "bot"], "ham": ["ham", "fine"]}


def votes(*labels: object) -> list[dict]:
    return [{"user": f"u{number}", "label": label} for number, label in enumerate(labels)]


def task(workspace: Path, *cells: object, **labels) -> params.TaskParams:
    """The settings of a task whose column `kind` holds what annotators say."""
    rows = [{"id": str(number), "text": f"text {number}", "kind": cell} for number, cell in enumerate(cells)]
    entry = {"column": "kind", "classes": CLASSES, "annotators": {}} | labels
    arrange(workspace, {"rows.jsonl": lines(*rows)}, {"files": ["rows.jsonl"], "labels": {"kind": entry}})
    return params.read(TASK)


def voted(workspace: Path, *cells: object, **labels) -> annotators.Voted:
    p = task(workspace, *cells, **labels)
    heads = heads_of(p.heads)
    return vote(Batch(Path("rows.jsonl"), 1, {"kind": list(cells)}), heads[0], heads, p.source)


def test_the_class_that_most_annotators_give_wins(workspace):
    found = voted(workspace, votes("spam", "ham", "spam"), votes("ham"), votes("ham", "fine", "bot"), "bot")
    assert found.columns == {"kind": ["spam", "ham", "ham", "spam"]}
    assert found.stays.all()
    assert found.ballots == {("kind", "", (1, 2)): 1, ("kind", "", (2, 1)): 1}, "in the order of the head: ham, spam"


def test_annotators_agree_who_name_different_raw_labels_of_one_class(workspace):
    found = voted(workspace, votes("spam", "bot", "ham"))
    assert (found.columns, found.tied) == ({"kind": ["spam"]}, 0)


TIED = votes("spam", "ham")


def test_a_tie_stops_is_left_out_or_goes_to_the_first_label(workspace):
    with pytest.raises(
        DataError, match=r"rows\.jsonl: row 2: the votes of 2 annotators for head kind are tied \(1 ham, 1 spam\)"
    ):
        voted(workspace, votes("ham"), TIED)
    dropped = voted(workspace, votes("ham"), TIED, annotators={"ties": "drop"})
    assert (dropped.stays.tolist(), dropped.tied) == ([True, False], 1)
    first = voted(workspace, votes("ham"), TIED, annotators={"ties": "first"})
    assert (first.columns, first.tied) == ({"kind": ["ham", "ham"]}, 0)


def test_who_says_nothing_has_no_vote(workspace):
    found = voted(workspace, votes("spam", None, ""), None, [], unlabelled="drop")
    assert (found.columns["kind"][0], found.stays.tolist()) == ("spam", [True, False, False])
    with pytest.raises(DataError, match=r"row 1: no annotator gives a label of head kind; .*otherwise or unlabelled"):
        voted(workspace, votes(None))


WRONG = {
    "an unknown label": (votes("ham", "spma"), "row 1: unknown label 'spma' in column 'kind'"),
    "one annotator twice": ([{"user": "a", "label": "ham"}] * 2, "row 1: annotator 'a' twice in column 'kind'"),
    "another name of the label": ([{"who": "a", "tag": "ham"}], "has no 'label'; it has who, tag. Name the field with"),
}


@pytest.mark.bad_input
@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_vote_is_named(workspace, name):
    cell, said = WRONG[name]
    with pytest.raises(DataError) as error:
        voted(workspace, cell)
    assert said in str(error.value)


def test_fields_may_have_other_names(workspace):
    cell = [{"who": "a", "tag": "ham"}, {"who": "b", "tag": "spam"}, {"who": "c", "tag": "spam"}]
    assert voted(workspace, cell, annotators={"user": "who", "label": "tag"}).columns == {"kind": ["spam"]}


def test_a_list_of_annotations_without_the_key_says_which_key_it_needs(workspace):
    arrange_plain = {"labels": {"kind": {"column": "kind", "classes": CLASSES}}, "files": ["rows.jsonl"]}
    content = lines({"id": "1", "text": "hi", "kind": votes("ham", "ham")})
    with pytest.raises(
        DataError, match=r"If several people have labelled each row, set source\.labels\.<head>\.annotators"
    ):
        prepared(workspace, {"rows.jsonl": content}, arrange_plain)


@pytest.mark.bad_input
def test_annotators_need_a_column_of_lists(workspace):
    with pytest.raises(ParamsError, match="annotators belong to a column of lists, without a separator"):
        task(workspace, "ham", separator="|")


def test_each_label_of_a_sigmoid_head_holds_if_more_than_half_say_so(workspace):
    def row(number: int, *cells: list[str]) -> dict:
        return {"id": str(number), "text": f"text {number}", "topics": votes(*cells)}

    rows = [row(1, ["money"], ["money", "sport"], []), row(2, [], []), row(3, ["sport"], [])]
    entry = {"column": "topics", "annotators": {"ties": "drop"}}
    source = {"files": ["rows.jsonl"], "labels": {"topic": entry}}
    frame = prepared(workspace, {"rows.jsonl": lines(*rows)}, source, **ANY_OF)
    assert frame[["topic.money", "topic.sport"]].to_numpy().tolist() == [[True, False], [False, False]]
    found = metrics(workspace)["agreement"]["topic"]
    assert (found["rows_tied"], found["money"]["rows"], found["sport"]["rows"]) == (1, 3, 3)


def test_prepare_counts_ties_and_measures_the_agreement(workspace):
    cells = [votes("ham", "ham")] * 3 + [votes("spam", "spam")] * 3 + [TIED]
    task(workspace, *cells, annotators={"ties": "drop"})
    prepare.main(TASK)
    found = metrics(workspace)["agreement"]
    # by hand: 14 votes, 7 each way; observed disagreement 2 of 14, expected 2 * 7 * 7 / (14 * 13)
    assert found == {"kind": {"rows_tied": 1, "rows": 7, "alpha": pytest.approx(1 - (2 / 14) / (98 / (14 * 13)))}}
    assert (metrics(workspace)["rows"], metrics(workspace)["rows_unlabelled"]) == (6, 1)


def test_chance_agrees_as_far_as_alpha_zero_and_one_class_alone_has_no_alpha():
    random = np.random.default_rng(0).integers(0, 2, (4000, 2)).sum(axis=1)
    chance = Counter(("kind", "", (2 - int(n), int(n))) for n in random)
    assert abs(agreement(chance)["kind", ""]["alpha"]) < 0.05
    assert agreement(Counter({("kind", "", (2, 0)): 9})) == {("kind", ""): {"rows": 9}}


def test_of_many_rows_evenly_spaced_ones_are_enough(monkeypatch):
    ballots = Counter({("kind", "", (2, 0)): 40_000, ("kind", "", (1, 1)): 20_000, ("kind", "", (0, 2)): 40_000})
    whole = agreement(ballots)["kind", ""]
    monkeypatch.setattr(annotators, "CELLS", 8000)
    part = agreement(ballots)["kind", ""]
    assert part["rows"] == whole["rows"] == 100_000
    assert part["alpha"] == pytest.approx(whole["alpha"], abs=0.005)
    assert part["alpha"] != whole["alpha"]


def test_the_source_of_a_task_without_annotators_is_as_it_was():
    source = Source(files=["a.csv"], text="text", labels={"kind": {"column": "kind"}})
    assert (source.labels["kind"].annotators, source.bad_rows, source.max_bad_rows) == (None, "fail", 0.01)


# --- a soft label -----------------------------------------------------------------------------------------------------

SOFT = {"vote": "soft", "ties": "first"}


def table(workspace: Path) -> pd.DataFrame:
    prepare.main(TASK)
    return pd.read_parquet(paths.prepared(TASK))


def test_a_soft_label_is_the_share_of_the_annotators_behind_each_class(workspace):
    cells = [votes("spam", "ham", "bot", "spam"), votes("ham"), TIED, "spam"]
    task(workspace, *cells, annotators=SOFT)
    frame = table(workspace)
    assert frame["kind"].tolist() == ["spam", "ham", "ham", "spam"], "rows are judged by the class that most give"
    assert [shares.tolist() for shares in frame["kind/shares"]] == [[0.25, 0.75], [1, 0], [0.5, 0.5], [0, 1]]


def test_of_a_sigmoid_head_each_label_has_its_own_share(workspace):
    rows = [
        {"id": str(number), "text": f"text {number}", "topics": votes(*cells)}
        for number, cells in enumerate(
            [(["money"], ["money", "sport"], [], ["money"]), ([], []), (["sport"], ["money", "sport"])]
        )
    ]
    source = {"files": ["rows.jsonl"], "labels": {"topic": {"column": "topics", "annotators": SOFT}}}
    frame = prepared(workspace, {"rows.jsonl": lines(*rows)}, source, **ANY_OF)
    assert [shares.tolist() for shares in frame["topic/shares"]] == [[0.75, 0.25], [0, 0], [0.5, 1]]


def test_by_majority_the_table_is_as_it_was(workspace):
    task(workspace, votes("spam", "ham", "spam"))
    assert not [name for name in table(workspace) if "shares" in name]


def test_who_corrects_a_label_has_the_last_word_over_all_annotators(workspace):
    task(workspace, votes("spam", "spam", "ham"), votes("ham", "spam", "ham"), annotators=SOFT)
    folder = workspace / "data" / "raw" / TASK
    (folder / "corrections.csv").write_text("id,label,why\n1,spam,an advert\n", encoding="utf-8")
    source = {"corrections": "corrections.csv", "files": ["rows.jsonl"], "id": "id"}
    entry = {"column": "kind", "classes": CLASSES, "annotators": SOFT}
    arrange(workspace, {}, source | {"labels": {"kind": entry}})
    shares = [each.tolist() for each in table(workspace)["kind/shares"]]
    assert shares == [[pytest.approx(1 / 3), pytest.approx(2 / 3)], [0, 1]]


def test_a_slice_may_not_be_called_as_the_shares(workspace):
    labels = {"kind": {"column": "kind", "classes": CLASSES, "annotators": SOFT}}
    arrange(workspace, {}, {"labels": labels, "slices": {"kind/shares": {"columns": ["x"]}}})
    with pytest.raises(ParamsError, match=r"source\.slices: 'kind/shares' is a column of a head in the prepared table"):
        params.read(TASK)


def test_the_shares_go_the_whole_way_into_what_train_teaches(workspace):
    """Through split, with which a column of lists has to pass, and noise."""
    cells = [
        votes("spam", "ham", "spam") if number % 2 else votes("ham", "ham", "spam", "ham") for number in range(120)
    ]
    task(workspace, *cells, annotators=SOFT)
    prepare.main(TASK)
    split.main(TASK)
    frame = pd.read_parquet(paths.split_file(TASK, "train"))
    noise.main(TASK)
    found = taught.load(TASK, frame).labels
    wanted = np.where((frame["kind"] == "spam").to_numpy()[:, None], [1 / 3, 2 / 3], [0.75, 0.25])
    np.testing.assert_allclose(found, wanted, atol=1e-6)
