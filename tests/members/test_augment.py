"""Augmented copies: seeded, of words that the data has, and never across answers."""

from decant.members import augment

TEXTS = ["alpha beta gamma delta epsilon", "one two three four five six", "un deux trois quatre", "", "solo"]
ANSWERS = ["greek", "english", "french", "english", "greek"]


def test_copies_repeat_with_their_seed():
    first = augment.copies(TEXTS, ANSWERS, 5, 13)
    assert first == augment.copies(TEXTS, ANSWERS, 5, 13)
    assert first != augment.copies(TEXTS, ANSWERS, 5, 14)


def test_no_copies_are_asked_for():
    assert augment.copies(TEXTS, ANSWERS, 0, 13) == []


def test_a_copy_mixes_only_rows_of_its_answer():
    words = {answer: set() for answer in ANSWERS}
    for text, answer in zip(TEXTS, ANSWERS, strict=True):
        words[answer] |= set(text.split())
    for copy in augment.copies(TEXTS, ANSWERS, 50, 1):
        assert any(set(copy.split()) <= known for known in words.values()), copy


def test_copies_differ_from_their_texts_and_none_is_empty():
    copies = augment.copies(TEXTS, ANSWERS, 40, 2)
    assert all(copies)
    assert len(set(copies) - set(TEXTS)) > 20
    assert any("un" in copy.split() and "quatre" in copy.split() for copy in copies)


def test_order_and_length_stay_about_the_same():
    text = " ".join(f"w{place:02d}" for place in range(40))
    for copy in augment.copies([text], ["one"], 30, 3):
        assert 20 < len(copy.split()) <= 40
