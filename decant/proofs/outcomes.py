"""What became of one fault."""

import re
from dataclasses import dataclass, field

from decant.proofs.subject import Ended, Harm, Subject

LONGEST = 160  # characters of what an error said
TELLS = re.compile(r"(?i)error|no space|denied|too large|unable|failed|cannot")
OURS = re.compile(r"error: |[\w.]*(Error|Exception|Interrupt)\b")  # of Decant, and the end of a traceback
PATHS = re.compile(r"(?<![\w.])(?:/[^\s/:'\"]+)+/")  # of this machine, which no page shows


@dataclass
class Outcome:
    fault: str
    where: str  # stage, file or command that was hit
    ended: str  # in words
    differing: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)  # what should not have happened besides, in words

    @property
    def good(self) -> bool:
        return not (self.differing or self.lost or self.wrong)


def after(subject: Subject, fault: str, where: str, ended: str, wrong: list[str] | None = None) -> Outcome:
    """The next `dvc repro`, and what is wrong then. One that stops counts as wrong."""
    again, wrong = subject.repro(), list(wrong or [])
    if again.status:
        wrong.append(f"the next dvc repro stopped: {said(again)}")
    harm: Harm = subject.harm()
    return Outcome(fault, where, ended, harm.differing, harm.lost, wrong)


def said(ended: Ended) -> str:
    """The line of a failed command that says most, without paths of this machine."""
    lines = [line.strip() for line in ended.said.splitlines() if line.strip()]
    ours = [line for line in lines if OURS.match(line)]
    telling = [line for line in lines if TELLS.search(line) and "failed to run" not in line]
    return PATHS.sub("…/", [*ours, *telling, *lines, "nothing"][0])[:LONGEST]


def stopped(ended: Ended) -> str:
    """How a command ended, in words."""
    if ended.status < 0:
        return f"was ended by signal {-ended.status}"
    return f"stopped: {said(ended)}" if ended.status else "came to its end"


def traceback(ended: Ended) -> bool:
    return "Traceback (most recent call last)" in ended.said
