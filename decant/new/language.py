"""A table in a language that the encoder does not know: what to do, and a road on which the linear model ships."""

from dataclasses import replace

from decant.errors import DataError
from decant.keys import STUDENT_INT8
from decant.models.coverage import Coverage, told
from decant.new.blocks import Block
from decant.new.call import Call
from decant.settings.params import TaskParams

MULTILINGUAL = "multilingual_e5_small"  # of the catalogue
LIMITS = {"max_unknown": 1, "max_letters": 1, "max_pieces": 20}  # that stop no encoder
# As docs/bundle.md has them: of a linear model, compared with the student.
GATES = {
    "not_below_linear": (None, "it would be compared with itself"),
    "not_below_student": (
        {"metric": "paired", "key": f"minus_{STUDENT_INT8}.macro_f1", "min": -0.02},
        "or ship the student",
    ),
    "int8_size": (None, "of a file that does not ship"),
    "bundle_size": ({"metric": "benchmark", "key": "bundle_bytes", "max": 9000000}, "a browser loads it"),
}


def ship_linear(block: Block) -> None:
    """Let the linear model ship, with gates that are about it."""
    block.put("ship", value="linear", note="the student is trained and judged beside it")
    for gate, (value, why) in GATES.items():
        block.put("gates", gate, value=value, note=why)


def let_through(block: Block, name: str, found: Coverage, over: list[str]) -> None:
    """Raise the limits that an encoder is beyond, whose student stands beside the linear model that ships."""
    for limit in over:
        block.put("tokens", limit, value=LIMITS[limit], note=f"{name} does not know the words, and linear ships")
    print(
        f"tokens: {', '.join(f'{limit} {LIMITS[limit]}' for limit in over)} (of the texts, {told(found)}; linear ships)"
    )


def unread(name: str, language: str, found: Coverage, p: TaskParams, call: Call) -> DataError:
    """The error for texts that the encoder does not know: what ships without one, and which encoder would know them."""
    others = [MULTILINGUAL] if MULTILINGUAL in p.catalogue and name != MULTILINGUAL else []
    others += [other for other, entry in p.catalogue.items() if entry.scratch and other != name]
    elsewhere = (
        f"For an encoder that does, write {' or '.join(others)} into encoders, defaults.distil.encoder and "
        "defaults.baseline.probe_encoder of params.yaml, and run the same command again"
    )
    linear = f"the linear model needs none, and ships with: {replace(call, command='new').again('--ship', 'linear')}"
    why = f"encoder {name} does not know {language}: of the texts, {told(found)}"
    return DataError(f"{why}. {elsewhere}; {linear}" if others else f"{why}; {linear}")
