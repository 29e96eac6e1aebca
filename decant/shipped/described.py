"""What decant.json says of heads, decision, thresholds and limits: looked at before anything is computed with it.

A record from anybody may say that a text has a billion tokens, or decide by a label that no head has.
"""

import math
from collections.abc import Iterator

from decant.heads import KINDS

RULES = ("argmax", "thresholds", "priority")
LENGTHS = range(1, 8193)  # tokens of a window: params allow 512
LONG_TEXTS = ("cut", "chunk")


def faults(record: dict) -> Iterator[str]:
    """What cannot be, with its key. record: its keys have the types of `decant.shipped.record.KEYS`."""
    heads = record["heads"]
    if not heads:
        yield "heads is {}, expected one at least"
    for name, head in heads.items():
        yield from _of_head(f"heads.{name}", head)
    length = record.get("max_length", LENGTHS[-1])  # a linear bundle has none
    if length not in LENGTHS:
        yield f"max_length is {length!r:.60}, expected {LENGTHS[0]} to {LENGTHS[-1]}"
        return
    yield from _of_runtime(record.get("runtime", {}), length)
    for name, value in record["thresholds"].items():
        if not _number(value):
            yield f"thresholds.{name:.60} is {value!r:.60}, expected a number"


def undecided(record: dict) -> Iterator[str]:
    """What a decision asks for and the heads or thresholds lack. record: without `faults`."""
    decision, heads = record["decision"], record["heads"]
    rule, head, order = decision.get("rule"), decision.get("head"), decision.get("order")
    if rule not in RULES:
        yield f"decision.rule is {rule!r:.60}, expected {' or '.join(RULES)}"
        return
    if rule == "priority":
        known = {label for one in heads.values() for label in one["labels"]}
        if not _texts(order) or not order or not known.issuperset(order):
            yield f"decision.order is {order!r:.60}, expected labels of the heads"
            return
        if not isinstance(decision.get("otherwise"), str):
            yield f"decision.otherwise is {decision.get('otherwise')!r:.60}, expected a class"
    elif not isinstance(head, str) or head not in heads or not heads[head]["labels"]:
        yield f"decision.head is {head!r:.60}, expected a head with labels"
        return
    needed = order if rule == "priority" else heads[head]["labels"] if rule == "thresholds" else []
    if missing := [label for label in needed if label not in record["thresholds"]]:
        yield f"thresholds has no {missing[0]!r:.60}"


def _of_head(key: str, head: object) -> Iterator[str]:
    kind = head.get("kind") if isinstance(head, dict) else None
    if not isinstance(kind, str) or kind not in KINDS:
        yield f"{key:.60} is {head!r:.60}, expected a kind of {', '.join(KINDS)}, and labels"
        return
    labels, least, groups = head.get("labels"), KINDS[kind].least, head.get("groups", {})
    if not _texts(labels) or len(set(labels)) < len(labels) or len(labels) < least or (labels and not least):
        yield f"{key:.60}.labels is {labels!r:.60}, expected {least or 'no'} or more texts, all different"
    if not isinstance(groups, dict) or not all(map(_texts, groups.values())):
        yield f"{key:.60}.groups is {groups!r:.60}, expected labels of each group"


def _of_runtime(runtime: object, length: int) -> Iterator[str]:
    if not isinstance(runtime, dict):
        yield f"runtime is {runtime!r:.60}, expected a section"
        return
    most, long_texts, overlap = (
        runtime.get("max_characters", 1),
        runtime.get("long_texts", "cut"),
        runtime.get("overlap", 0),
    )
    if not _whole(most, 1):
        yield f"runtime.max_characters is {most!r:.60}, expected 1 or more"
    if long_texts not in LONG_TEXTS:
        yield f"runtime.long_texts is {long_texts!r:.60}, expected {' or '.join(LONG_TEXTS)}"
    if not _whole(overlap, 0) or (long_texts == "chunk" and overlap > length // 2):
        yield f"runtime.overlap is {overlap!r:.60}, expected 0 to half of max_length"


def _texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _whole(value: object, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
