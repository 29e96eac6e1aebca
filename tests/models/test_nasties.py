"""Nasty texts: seeded, of every kind, and hard to clean."""

from decant.models.nasties import FOUND, nasties

TEXTS = ["claim your airdrop now", "rent is due on friday"]


def test_a_seed_gives_the_same_texts_and_another_one_others():
    assert nasties(TEXTS, 200, 13) == nasties(TEXTS, 200, 13)
    assert nasties(TEXTS, 200, 13) != nasties(TEXTS, 200, 14)
    assert nasties(TEXTS, 200, 13)[:50] == nasties(TEXTS, 50, 13)


def test_every_kind_of_trouble_is_among_them():
    found = nasties(TEXTS, 2000, 13)
    together = "\n".join(found)
    for sign in ("&amp;lt;", "&#", "<b>", "\u200b", "\u0301", "\xa0", "[SEP]", "https://", *FOUND[:3]):
        assert sign in together, ascii(sign)
    assert any("\U0001d400" <= char <= "\U0001d7ff" for char in together)
    assert max(map(len, found)) > 300
    assert len(set(found)) > 1900


def test_they_are_texts_that_any_tokenizer_takes():
    assert all(text.encode("utf-8").decode("utf-8") == text for text in nasties(TEXTS, 2000, 3))
