"""The commands of docs/team.md, typed as they stand there, but for the words that stand for something of one's own."""

import re
from pathlib import Path

from graph import ROOT
from shell import run

PAGE = (ROOT / "docs/team.md").read_text(encoding="utf-8")
BLOCKS = {
    title: re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    for title, text in re.findall(r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
}
SHARE = "python -m decant share"  # what `make share` runs, in an environment that is set up
OTHERS = ("make ", "source ", "python -m decant ")  # which other tests run, on a whole project
ADDRESS, OWN = "s3://our-bucket/decant", "dvc remote modify --local team profile decant"


def block(title: str, place: int) -> str:
    (blocks,) = [blocks for name, blocks in BLOCKS.items() if name.startswith(title)]
    return blocks[place]


def typed(folder: Path, text: str, environment: dict[str, str], **instead: str) -> list[str]:
    """Run the lines of a block but those of OTHERS; what each printed. instead: words that other words stand for here."""
    said = []
    for line in text.replace("make share", SHARE).splitlines():
        for old, new in instead.items():
            line = line.replace(old, new)
        if line.startswith(SHARE) or not line.startswith(OTHERS):
            done = run(folder, "bash", "-ec", line, check="git merge" not in line, environment=environment)
            said.append(done.stdout + done.stderr)
            if done.returncode:  # the merge, whose params somebody has to mend
                run(folder, "git", "checkout", "--ours", "params.yaml")
    return said
