"""How fast contestants answer: at the task's own lengths, in batches, at one length, and from a cold start."""

import json
import subprocess
import sys
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path

import numpy as np
import pandas as pd
from tokenizers import Tokenizer

from decant.errors import DataError
from decant.members.alone import READS, SLOW, Answer, opened
from decant.members.clock import Clock, in_turn
from decant.models import floor
from decant.settings.benchmark import OF_STUDENT
from decant.shipped.model import session

FIRST_WORD = 5  # an id that every vocabulary has; which one it is changes no time
OF_A_LENGTH = 20  # texts of one length; in 5 passes 100 times, of which five are beyond the 95th percentile


@dataclass(frozen=True)
class Contestant:
    """Opened, with what it reads. texts: by row of the table, in its order."""

    recipe: dict
    answer: Answer
    texts: pd.Series


def crew(recipes: dict[str, dict], frame: pd.DataFrame, counts: np.ndarray, slow_texts: int) -> dict[str, Contestant]:
    """Everyone opened in this process. counts: (n,) tokens of each row; slow_texts: rows of those that run in torch, evenly
    spaced from the shortest to the longest."""
    order = np.argsort(counts, kind="stable")
    few = np.sort(order[np.linspace(0, len(order) - 1, min(slow_texts, len(order))).round().astype(int)])
    found = {}
    for name, recipe in recipes.items():
        texts = frame[READS.get(recipe["kind"], "text")].reset_index(drop=True)
        found[name] = Contestant(recipe, opened(recipe), texts.iloc[few] if recipe["kind"] in SLOW else texts)
    return found


def one_by_one(people: dict[str, Contestant], passes: int, clock: Clock) -> dict[str, pd.Series]:
    """Contestant -> seconds of each row, the fastest of the passes."""
    calls = {name: (one.answer, [[text] for text in one.texts]) for name, one in people.items()}
    taken = in_turn(calls, passes, clock, "one by one")
    return {name: pd.Series(taken[name].min(axis=0), one.texts.index) for name, one in people.items()}


def summed(times: dict[str, pd.Series], weights: dict[str, float]) -> pd.Series:
    """Seconds of the ensemble, on the rows that all its members with a weight have: it asks one after the other."""
    return sum(times[name] for name, weight in weights.items() if weight).dropna()


def in_batches(people: dict[str, Contestant], counts: np.ndarray, size: int, clock: Clock) -> dict[str, float]:
    """Contestant -> rows per second in batches of rows of like length, the faster of two passes."""
    calls = {}
    for name, one in people.items():
        ordered = one.texts.iloc[np.argsort(counts[one.texts.index], kind="stable")].tolist()
        calls[name] = (one.answer, [ordered[start : start + size] for start in range(0, len(ordered), size)])
    taken = in_turn(calls, 2, clock, "in batches")
    return {name: len(one.texts) / taken[name].min(axis=0).sum() for name, one in people.items()}


def figures(times: pd.Series, shipped: pd.Series) -> dict[str, float]:
    """Of one contestant. shipped: seconds of the shipped one, on these rows and others."""
    half, tail = np.percentile(times, [50, 95]) * 1e3
    ratio = times.sum() / shipped[times.index].sum()
    return {"texts": len(times), "ms_p50": half, "ms_p95": tail, "to_int8": ratio}


def of_length(tokenizer: Tokenizer, texts: list[str], tokens: int) -> list[str]:
    """At most OF_A_LENGTH texts of exactly so many tokens, specials included: rows of the table one after the other, cut.

    tokenizer: without truncation. Raises DataError: no run of these rows can be cut there.
    """
    specials, found = len(tokenizer.encode("").ids), []
    for start in range(len(texts)):
        words = " ".join(islice(cycle(texts), start, start + tokens))  # a row has a token at least
        ends = [end for _, end in tokenizer.encode(words, add_special_tokens=False).offsets]
        text = words[: ends[tokens - specials - 1]]
        if len(tokenizer.encode(text).ids) == tokens:  # not so where the cut went through a word
            found.append(text)
        if len(found) == OF_A_LENGTH:
            break
    if not found:
        say = f"Take {tokens} out of benchmark.lengths"
        raise DataError(f"valid: {len(texts):,} texts, and no run of them has {tokens} tokens. {say}")
    return found


def at_lengths(
    twins: dict[str, Answer], texts: dict[int, list[str]], model: Path, passes: int, clock: Clock, threads: int
) -> tuple[dict[str, dict], dict[str, float]]:
    """Tokens -> figures of both precisions beside their floor, and what the floor was computed from.

    twins: int8 and fp32. texts: tokens -> texts of so many. model: the fp32 file, for the work in it. All times of a length
    count, for its texts are alike: the 95th percentile is of the moments, not of the texts.
    """
    calls: dict = {(kind, None): (floor.product(kind, threads), range(OF_A_LENGTH)) for kind in twins}
    for tokens, given in texts.items():
        calls |= {(kind, tokens): (answer, [[text] for text in given]) for kind, answer in twins.items()}
    taken = in_turn(calls, passes, clock, "by length")
    rates = {kind: floor.PRODUCT / taken[kind, None].min() for kind in twins}
    lengths = {}
    for tokens in texts:
        work, entry = floor.multiply_adds(model, tokens), {}
        for kind in twins:
            half, tail = np.percentile(taken[kind, tokens], [50, 95]) * 1e3
            entry |= {f"{kind}_ms_p50": half, f"{kind}_ms_p95": tail, f"{kind}_floor_ms": work / rates[kind] * 1e3}
        entry["int8_to_fp32"] = entry["int8_ms_p50"] / entry["fp32_ms_p50"]
        entry["int8_to_floor"] = entry["int8_ms_p50"] / entry["int8_floor_ms"]
        lengths[str(tokens)] = entry | {"multiply_adds": work}
    return lengths, {f"{kind}_gmacs": rate / 1e9 for kind, rate in rates.items()}


def students(
    files: dict[str, Path], tokens: int, passes: int, clock: Clock, threads: int
) -> dict[str, dict[str, float]]:
    """Name -> figures of an int8 file at one length, its tokens given: students of other sizes have other tokenizers."""
    ids = np.full((1, tokens), FIRST_WORD)
    given = [{"input_ids": ids, "attention_mask": np.ones_like(ids)}] * OF_A_LENGTH
    opened_files = {name: session(file, threads) for name, file in files.items()}
    calls = {name: (lambda row, one=one: one.run(["logits"], row), given) for name, one in opened_files.items()}
    taken = in_turn(calls, passes, clock, "students")
    return {
        name: dict(zip(OF_STUDENT, np.percentile(seconds, [50, 95]) * 1e3, strict=True))
        for name, seconds in taken.items()
    }


def fresh(one: Contestant, processes: int) -> dict[str, float]:
    """The fastest cold start of so many fresh processes, in seconds to the first answer, and their peak memory."""
    given = json.dumps({"recipe": one.recipe, "texts": one.texts.tolist()})
    command = [sys.executable, "-m", "decant.members.alone"]
    said = [
        json.loads(subprocess.run(command, input=given, capture_output=True, text=True, check=True).stdout)
        for _ in range(processes)
    ]
    return {key: min(answer[key] for answer in said) for key in said[0]}
