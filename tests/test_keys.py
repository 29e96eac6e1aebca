"""Keys of classes in metrics files: readable, and no two labels share one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decant.files import KEY
from decant.keys import class_keys


@pytest.mark.parametrize(
    ("names", "keys"),
    [
        (["scam", "topic_crypto", "not spam"], ["scam", "topic_crypto", "not_spam"]),
        (["正面", "负面"], ["正面", "负面"]),
        (["👍", "👎"], ["thumbs_up_sign", "thumbs_down_sign"]),
        (["❤️"], ["heavy_black_heart"]),
        (["US", "us"], ["US", "us"]),
        (["n", "accuracy", "head_scam"], ["n", "accuracy", "head_scam"]),
        (["C", "C++"], ["C", "C_plus_sign_plus_sign"]),
        (["?"], ["label"]),
        (["größe"], ["größe"]),
    ],
)
def test_a_label_is_known_again_by_its_key(names, keys):
    assert list(class_keys(names).values()) == keys


def test_labels_that_look_alike_get_digits_that_do_not_hang_on_their_order():
    keys = class_keys(["a b", "a.b", "c"])
    assert keys == class_keys(["c", "a.b", "a b"])
    assert keys["c"] == "c"
    assert {key.split("-")[0] for key in keys.values()} == {"a_b", "c"}


@given(st.lists(st.text(min_size=1, max_size=6), min_size=1, max_size=12, unique=True))
def test_no_two_labels_share_a_key_and_each_key_is_safe(names):
    keys = class_keys(names)
    assert list(keys) == names
    assert len(set(keys.values())) == len(names)
    assert all(KEY.fullmatch(key) for key in keys.values())


def test_a_label_that_spells_the_digits_of_another_is_no_clash():
    digits = class_keys(["a b", "a.b"])["a b"]
    names = ["a b", "a.b", digits]
    assert len(set(class_keys(names).values())) == 3
