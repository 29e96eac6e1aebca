"""A table in a language that the encoder does not know: it is named, and nothing is built on letters without a word."""

import random

import pytest
from newtask import TASK, cycle, everything, proposed, refused, tree, write_csv

from decant.__main__ import main
from decant.settings.params import read
from stages import check

WORDS = {
    "ar": "شكرا الخدمة ممتازة سريع جدا رائع جميل أحببت المنتج نظيف لم يصل الطلب أحد يرد مكسور متأخر رديء خسارة المال غاضب",
    "zh": "服务很好 发货很快 质量不错 我很喜欢 非常满意 推荐购买 包装漂亮 太差了 没有收到 客服不理人 要求退款 东西坏了",
    "ru": "спасибо отличная доставка очень быстро красивый товар понравился заказ не пришёл никто не отвечает сломан верните деньги",
    "de": "Lieferung schnell wunderbare Qualität begeistert gerne wieder kaputt niemand antwortet schlechte Verarbeitung Geld zurück",
    "en": "great delivery wonderful quality bought again broken nobody answers bad service money back angry customer late order",
}


def table(inbox, name: str):
    """300 different sentences of a language's words."""
    draw, words = random.Random(1), WORDS[name].split()
    texts = [f"{('' if name == 'zh' else ' ').join(draw.choices(words, k=9))} {row}" for row in range(300)]
    return write_csv(inbox / f"{name}.csv", {"text": texts, "label": cycle("yes", "no")})


@pytest.mark.parametrize("name", ["ar", "zh", "ru"])
def test_a_language_that_the_encoder_does_not_know_is_refused_with_what_works(workspace, inbox, capsys, name):
    file = table(inbox, name)
    said = refused(workspace, capsys, str(file), "--task", TASK)
    assert f"encoder minilm does not know {name}: of the texts, " in said
    assert (
        "write multilingual_e5_small or scratch into encoders, defaults.distil.encoder and defaults.baseline.probe"
        in said
    )
    command = said.strip().rpartition("ships with: python -m decant ")[2]
    assert command == f"new {file} --task {TASK} --ship linear"
    assert main(command.split()) == 0
    assert tree(workspace)[TASK]["ship"] == "linear"


def test_where_linear_ships_the_encoder_is_let_through_and_the_gates_are_about_linear(workspace, inbox, capsys):
    block, _ = proposed(workspace, table(inbox, "ar"), "--ship", "linear")
    assert block["tokens"] == {"max_letters": 1, "max_length": 64}
    assert block["gates"]["macro_f1"]["key"] == "linear.macro_f1"
    assert block["gates"]["not_below_linear"] is block["gates"]["int8_size"] is None
    assert {gate for gate, value in read(TASK).gates.items() if value} == {
        "macro_f1", "int8_loss", "leakage", "not_below_student", "bundle_size"
    }  # fmt: skip
    assert "language: ar " in capsys.readouterr().out
    check.main()


@pytest.mark.parametrize("name", ["en", "de"])
def test_a_language_that_it_reads_is_named_and_goes_on(workspace, inbox, capsys, name):
    block, _ = proposed(workspace, table(inbox, name))
    assert set(block["tokens"]) == {"max_length"}
    assert "ship" not in block
    said = capsys.readouterr().out
    assert f"language: {name} 100 % (by py3langid, 10 texts at a time)" in said
    assert ("so it has read little of de" in said) == (name == "de")


def test_with_another_encoder_in_params_the_same_command_goes_on(workspace, inbox, capsys):
    file = workspace / "params.yaml"
    text = file.read_text(encoding="utf-8")
    for old, new in (
        ("\nencoders: [minilm]", "\nencoders: [scratch]"),
        ("    probe_encoder: minilm", "    probe_encoder: scratch"),
        ("    encoder: minilm", "    encoder: scratch"),
    ):
        assert old in text
        text = text.replace(old, new)
    file.write_text(text, encoding="utf-8")
    block, _ = proposed(workspace, table(inbox, "ar"))
    assert set(block["tokens"]) == {"max_length"}
    assert "with 1.5 tokens a word, holds " in capsys.readouterr().out


def test_a_first_answer_goes_on_with_linear_and_names_the_command(workspace, inbox, capsys):
    file = table(inbox, "zh")
    before = everything(workspace)
    assert main(["try", str(file)]) == 0
    assert everything(workspace) == before
    said = capsys.readouterr().out
    assert "warning: encoder minilm does not know zh: " in said
    assert "probe: not tried: encoder minilm was made for another language" in said
    assert said.strip().endswith(f"python -m decant new {file} --task zh --ship linear")
