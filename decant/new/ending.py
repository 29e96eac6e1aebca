"""How an error of `new` ends: with the command that works. The readers are those of every stage and speak of keys of
params.yaml; there is no block yet to set them in, so that each becomes the option that says the same."""

import re

from decant.errors import DecantError
from decant.new.call import Call

# what a reader says -> what `new` says, and the options of the command that follows
KEYS = (
    (r"set source\.bad_rows: drop in params\.yaml", "give --bad-rows drop", ["--bad-rows", "drop"]),
    (r"source\.bad_rows: drop", "--bad-rows drop", ["--bad-rows", "drop"]),
    (r"set source\.quotes: false in params\.yaml", "give --no-quotes", ["--no-quotes"]),
    (r"set source\.encoding: ([\w-]+)", r"give --encoding \1", ["--encoding", r"\1"]),
    (r"source\.format: (\w+)", r"--format \1", ["--format", r"\1"]),
    (r"a list of (\d+), name them with source\.header in params\.yaml", r"a list of \1, name them with --columns", []),
    (r"source\.header in params\.yaml", "--columns", []),
    (r"take source\.encoding out", "take --encoding out", []),
    (r"name another source\.encoding in params\.yaml", "name another one with --encoding", []),
    (r"set source\.delimiter or source\.format in params\.yaml", "name it with --delimiter", []),
    (r"Mend source in params\.yaml or the file", "Mend the file", []),
    (r"which the entry of source\.files names", "which the URL names", []),
    (r"in the entry of source\.files", "in the URL", []),
    (r"(Mend the query|mend sqlite:///FILE) in source\.files", r"\1", []),
    (r"(; export it)? and run this again|\. Run this again|\. Then run this again|Then run this again", r"\1", []),
    (r", or name the folders alone in source\.files", "", []),
    (r"name the files of texts alone in source\.files", "take it away", []),
)
DELETES = re.compile(r"\bsed -i\.bak [\d,]+d \S+$|\bmv \S+ \S+$")  # a command that mends the file


def whole(error: DecantError, call: Call) -> DecantError:
    """An error with the questions before it, and with the command after it."""
    said = str(error)
    if call.url and call.file.suffix:  # the rows of a database, in a file that nobody else knows
        said = said.replace(str(call.file), call.shown)
    return type(error)("\n".join([*call.questions, ended(said, call)]))


def ended(said: str, call: Call) -> str:
    """The error with options in place of keys, and with the command that comes next, if it has none yet."""
    answer: list[str] = []
    for pattern, instead, options in KEYS:
        if found := re.search(pattern, said):
            answer = answer or [found.expand(part) for part in options]
            said = re.sub(pattern, instead, said)
    if found := re.search(r"a list of (\d+), name them with --columns", said):
        names = ["text", "label", *(f"column_{number}" for number in range(3, int(found[1]) + 1))][: int(found[1])]
        answer = ["--columns", ",".join(names)]
    if re.search("python -m decant (new|try) ", said):
        return said
    if DELETES.search(said):
        return f"{said} && {call.again()}"
    joint = "Run" if answer else "Then run"
    if "take --encoding out" in said:
        return f"{said.rstrip('.')}. Run: {call.instead(encoding=None)}"
    return f"{said.rstrip('.')}. {joint}: {call.again(*answer)}"
