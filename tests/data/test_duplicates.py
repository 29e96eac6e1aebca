"""Duplicates: equal texts by their normal form, near-duplicates by their Jaccard similarity, clusters by chains."""

import subprocess
import sys

import numpy as np
import pytest
from graph import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st
from mini import words
from shell import ENVIRONMENT

from decant.data.duplicates import GRAM, HASHES, RECALL, bands, candidates, components, exact, grams, joined, near

THRESHOLD = 0.8


def similarity(one: str, other: str) -> float:
    """Jaccard similarity of character 5-grams, counted out."""
    left, right = ({text[start : start + 5] for start in range(max(1, len(text) - 4))} for text in (one, other))
    return len(left & right) / len(left | right)


def together(labels: np.ndarray) -> set[tuple[int, int]]:
    """Pairs of rows with one label."""
    rows = range(len(labels))
    return {(one, other) for one in rows for other in rows[one + 1 :] if labels[one] == labels[other]}


# -- equal texts -------------------------------------------------------------------------------------------------------

EQUAL = {
    "case": ("WIN now", "win NOW"),
    "punctuation": ("win, now!!", "«win» now…"),
    "blanks": (" win\t\n now ", "win now"),
    "full width": ("ＷＩＮ　ｎｏｗ", "win now"),
    "ligatures and superscripts": ("oﬃce ²", "office 2"),
    "composed and decomposed": ("caf\u00e9", "cafe\u0301"),
    "sharp s": ("STRASSE", "straße"),
    "emoji beside words": ("win now 🚀", "win now"),
    "nothing but punctuation": ("!!!", "!!!"),
}
UNLIKE = {
    "another word": ("win now", "win later"),
    "other letters": ("resume", "résumé"),
    "words run together": ("win now", "winnow"),
    "another order": ("win now", "now win"),
    "another number": ("call 12345", "call 12346"),
    "nothing but other punctuation": ("!!!", "???"),
    "nothing but other emoji": ("🚀", "😀"),
}


@pytest.mark.parametrize(("one", "other"), EQUAL.values(), ids=EQUAL)
def test_texts_are_equal_but_for_how_they_are_written(one, other):
    codes, forms = exact([one, other, "something else"])
    assert codes.tolist() == [0, 0, 1]
    assert len(forms) == 2
    assert exact(forms)[1] == forms  # a normal form is its own


@pytest.mark.parametrize(("one", "other"), UNLIKE.values(), ids=UNLIKE)
def test_texts_are_unlike(one, other):
    assert exact([one, other])[0].tolist() == [0, 1]


def test_the_forms_stand_at_their_numbers():
    codes, forms = exact(["B!", "a", "b", "A", "c"])
    assert (codes.tolist(), forms) == ([0, 1, 0, 1, 2], ["b", "a", "c"])
    assert [forms[code] for code in codes] == ["b", "a", "b", "a", "c"]


def test_no_text_at_all():
    codes, forms = exact([])
    assert (codes.tolist(), forms) == ([], [])


# -- near-duplicates ---------------------------------------------------------------------------------------------------


def crowd(size: int, seed: int) -> tuple[list[str], np.random.Generator, list[str]]:
    """Texts of 60 to 200 characters from one vocabulary, the generator, and the vocabulary."""
    rng = np.random.default_rng(seed)
    known = words(rng, 3000)
    texts = []
    for length in rng.integers(60, 195, size):
        text = " ".join(rng.choice(known, 60))[:length].strip()
        texts.append(text + "x" * (60 - len(text)))
    return texts, rng, known


def letter_changed(text: str, rng: np.random.Generator, known: list[str]) -> str:
    place = rng.integers(len(text))
    return text[:place] + ("q" if text[place] != "q" else "z") + text[place + 1 :]


def word_changed(text: str, rng: np.random.Generator, known: list[str]) -> str:
    parts = text.split()
    parts[rng.integers(len(parts))] = rng.choice(known)
    return " ".join(parts)


@pytest.fixture(scope="module")
def planted() -> tuple[list[str], list[tuple[int, int]], np.ndarray]:
    """5,000 unrelated texts, 500 copies with a change that leaves a similarity of 0.9 or more, and their clusters."""
    texts, rng, known = crowd(5000, 1)
    pairs = []
    for change, sources in ((letter_changed, range(2500)), (word_changed, range(2500, 5000))):
        copies = [(source, change(texts[source], rng, known)) for source in sources]
        for source, copy in [pair for pair in copies if 0.9 <= similarity(texts[pair[0]], pair[1]) < 1][:250]:
            pairs.append((source, len(texts)))
            texts.append(copy)
    return texts, pairs, near(texts, THRESHOLD)


def test_planted_near_duplicates_are_found(planted):
    texts, pairs, clusters = planted
    assert (len(pairs), len(texts)) == (500, 5500)
    found = [clusters[one] == clusters[other] for one, other in pairs]
    assert np.mean(found) >= 0.98
    assert np.mean(found[:250]) >= 0.98  # by a letter
    assert np.mean(found[250:]) >= 0.98  # by a word


def test_unrelated_texts_stay_apart(planted):
    texts, _, clusters = planted
    wrong = [
        (one, other)
        for cluster in np.flatnonzero(np.bincount(clusters) > 1)
        for one, other in [tuple(np.flatnonzero(clusters == cluster)[[0, -1]])]
        if similarity(texts[one], texts[other]) < 0.5
    ]
    assert wrong == []
    assert np.bincount(clusters).max() == 2  # no chain runs through the crowd
    assert len(set(clusters)) >= 5000


@pytest.mark.parametrize("threshold", [0.5, 0.7, 0.8])
def test_all_pairs_of_a_family_are_judged_by_their_similarity(threshold):
    """Copies with more and more changes: well above the threshold they are found, well below they are not."""
    texts, rng, known = crowd(200, 2)
    copies = []
    for row, text in enumerate(texts):
        copy = text[:-1] + "0"
        for _ in range(row // 10):
            copy = letter_changed(copy, rng, known)
        copies.append(copy)
    clusters = near(texts + copies, threshold)
    exactly = np.array([similarity(*pair) for pair in zip(texts, copies, strict=True)])
    found = clusters[:200] == clusters[200:]
    margin = 4 * np.sqrt(threshold * (1 - threshold) / HASHES)  # standard errors of the estimate
    above, below = exactly > threshold + margin, exactly < threshold - margin
    assert above.sum() >= 5
    assert below.sum() >= 20
    assert found[above].all()
    assert not found[below].any()


def test_a_threshold_of_1_leaves_unlike_texts_apart():
    texts = ["ababababab", "abababababab", "b"]  # of the same grams
    assert near(texts, 0.99).tolist() == [0, 0, 1]
    assert near(texts, 1.0).tolist() == [0, 1, 2]


@pytest.mark.parametrize("forms", [[], ["alone"], [""], ["!"]], ids=["none", "one", "empty", "punctuation"])
def test_at_most_one_text(forms):
    assert near(forms, THRESHOLD).tolist() == list(range(len(forms)))


def test_short_texts_are_compared_too():
    """Under five characters a text is one gram: like itself alone. A letter of 25 leaves 17 of 21 grams or more."""
    assert near(["ab", "ac", "abcd", "abce", "abcde"], THRESHOLD).tolist() == [0, 1, 2, 3, 4]
    long = "abcdefghijklmnopqrstuvwxy"
    assert near([long, long[:-1] + "0", long[:12] + "0" + long[13:]], 0.7).tolist() == [0, 0, 1]


def test_a_chain_of_copies_is_one_cluster():
    text, rng, known = crowd(1, 3)[0][0], np.random.default_rng(3), words(np.random.default_rng(4), 50)
    chain = [text]
    while similarity(chain[0], chain[-1]) > 0.4:
        chain.append(letter_changed(chain[-1], rng, known))
    others = crowd(20, 5)[0]
    clusters = near([*others, *chain], THRESHOLD)
    assert len(chain) > 5
    assert set(clusters[20:]) == {20}
    assert clusters[:20].tolist() == list(range(20))


def test_the_order_of_the_texts_does_not_matter():
    texts, rng, known = crowd(200, 6)
    texts += [letter_changed(text, rng, known) for text in texts[:50]]
    order = rng.permutation(len(texts))
    shuffled = near([texts[row] for row in order], THRESHOLD)
    back = np.empty(len(texts), dtype=int)
    back[order] = shuffled
    assert together(back) == together(near(texts, THRESHOLD)) != set()


def test_another_process_with_another_hash_seed_finds_the_same():
    code = (
        "import sys; sys.path[:0] = ['tests/data', 'tests/support']; import test_duplicates as t; "
        "texts, rng, known = t.crowd(150, 7); texts += [t.word_changed(one, rng, known) for one in texts]; "
        "print(*t.near(texts, 0.7))"
    )
    found = [
        subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, env=ENVIRONMENT | {"PYTHONHASHSEED": seed},
            capture_output=True, text=True, check=True,
        ).stdout
        for seed in ("1", "2")
    ]  # fmt: skip
    assert found[0] == found[1]
    assert len(set(found[0].split())) < 250


# -- the parts ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "expected"),
    [("", [""]), ("abc", ["abc"]), ("abcde", ["abcde"]), ("abcdefg", ["abcde", "bcdef", "cdefg"])],
)
def test_grams(form, expected):
    assert grams(form) == expected
    assert GRAM == 5


@pytest.mark.parametrize(
    "text",
    [
        "我昨天在这里买的手机今天就坏了客服不理人打了三次电话都没有人接真的很失望",
        "まだ注文が届いておらず電話にも誰も出ませんメールの返事もなく本当に困ります",
    ],
)
def test_a_copy_with_another_character_is_near_in_chinese_and_japanese(text):
    """A character says as much as three letters: by plain 5-grams the two are under .75 alike, and stay apart."""
    copy = text[:17] + "嗯" + text[18:]
    assert similarity(text, copy) < 0.75
    assert together(near([text, copy, "something else altogether"], 0.8)) == {(0, 1)}


def test_unlike_texts_of_few_characters_stay_apart():
    assert not together(near(["手机坏了", "手机很好", "客服很好", "东西坏了"], 0.8))


@pytest.mark.parametrize("threshold", [0.401, 0.45, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.99, 0.999])
def test_bands_share_a_pair_at_the_threshold_nearly_always(threshold):
    found = bands(threshold)
    rows = found[0].stop
    assert [(band.start, band.stop) for band in found] == [(rows * i, rows * (i + 1)) for i in range(HASHES // rows)]

    def recall(size: int) -> float:
        return 1 - (1 - threshold**size) ** (HASHES // size)

    assert recall(rows) >= RECALL == 0.99
    assert all(recall(size) < RECALL for size in range(rows + 1, HASHES + 1))  # as few bands as that takes


def test_candidates_are_linked_to_the_row_before_and_to_the_first():
    part = np.array([[1, 5], [2, 5], [1, 5], [1, 6], [1, 5], [2, 5]], dtype=np.uint32)
    left, right = candidates(part)
    assert {tuple(sorted(pair)) for pair in zip(left.tolist(), right.tolist(), strict=True)} == {
        (0, 2), (2, 4), (0, 4), (1, 5)
    }  # fmt: skip
    assert len(left) == 4  # each pair once


JOINED = {
    "one labelling": ([[0, 1, 0, 1]], [0, 1, 0, 1]),
    "-1 joins nothing": ([[-1, -1, 0, 0, -1]], [0, 1, 2, 2, 3]),
    "nothing but -1": ([[-1, -1]], [0, 1]),
    "two that agree": ([[5, 5, 7], [1, 1, 2]], [0, 0, 1]),
    "through a row that both have": ([[0, 0, 1, 2], [0, 1, 1, 2]], [0, 0, 0, 1]),
    "one says -1, the other joins": ([[-1, -1, 3], [4, 4, 5]], [0, 0, 1]),
    "a chain over three": ([[0, 0, 1, 2], [0, 1, 1, 2], [-1, -1, 6, 6]], [0, 0, 0, 0]),
    "numbered by their first rows": ([[9, 3, 9, 1]], [0, 1, 0, 2]),
    "no rows": ([[]], []),
}


@pytest.mark.parametrize(("labels", "expected"), JOINED.values(), ids=JOINED)
def test_rows_are_joined_by_any_labelling(labels, expected):
    assert joined(*(np.array(one, dtype=np.int64) for one in labels)).tolist() == expected


@settings(max_examples=60, deadline=None, database=None, derandomize=True)
@given(
    st.integers(1, 25).flatmap(
        lambda n: st.lists(st.lists(st.integers(-1, 12), min_size=n, max_size=n), min_size=1, max_size=3)
    )
)
def test_joined_rows_are_those_that_a_chain_of_equal_labels_connects(labels):
    count = len(labels[0])
    reach = [{row} for row in range(count)]
    for _ in range(count):
        for row in range(count):
            for other in range(count):
                if any(one[row] == one[other] >= 0 for one in labels):
                    reach[row] |= reach[other]
    found = joined(*map(np.array, labels))
    assert [set(np.flatnonzero(found == found[row]).tolist()) for row in range(count)] == reach
    assert list(dict.fromkeys(found.tolist())) == list(range(found.max() + 1))


def test_components_are_numbered_by_their_first_nodes():
    assert components(5, np.array([4, 2]), np.array([1, 4])).tolist() == [0, 1, 1, 2, 1]
