"""What a new block may be called: by the one pattern of `decant.settings.names`, and by nothing that is there already."""

import re
import unicodedata

from decant.errors import ParamsError
from decant.new.call import Call
from decant.settings import across
from decant.settings.names import LONGEST
from decant.settings.params import FILE
from decant.settings.schema import Params

# what the top of params.yaml is called, and words that are no strings where YAML has no quotes
RESERVED = {"defaults", "null", "true", "false", *across.RESERVED, *Params.model_fields}


def free_name(call: Call, tree: dict) -> None:
    """Raises ParamsError: the name of the task is none, or has a block already. tree: params.yaml."""
    if wrong := unfree(call.task, tree):
        raise ParamsError(f"--task {wrong}. Run: {call.again(task=freed(call.task, tree))}")


def freed(name: str, tree: dict) -> str:
    """The nearest name that a new block can have."""
    plain = re.sub(r"[^\w-]+", "_", unicodedata.normalize("NFC", name)).strip("_-")
    plain = plain.encode()[: LONGEST - 4].decode(errors="ignore") or "task"
    return next(name for name in (plain, *(f"{plain}_{n}" for n in range(2, 999))) if not unfree(name, tree))


def unfree(name: str, tree: dict) -> str | None:
    """Why a new block cannot be called so, and what could be; None if it can."""
    blocks = tree.keys() - RESERVED
    if name in blocks:
        return f"{name}: {FILE} has such a block already; take that block out, or another name"
    if name.casefold() in RESERVED - {*across.RESERVED}:
        return f"{name}: no name for a task, for {FILE} means something else by it ({', '.join(sorted(RESERVED))})"
    return across.misnamed([*sorted(blocks), name])
