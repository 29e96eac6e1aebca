"""What the check stage writes to checked/: params.yaml merged and validated, and the digest of each stage's code.

`python -m decant check` calls the same function and writes nothing.
"""

from pathlib import Path

from decant import checked, code
from decant.files import digest
from decant.settings import params


def contents(file: Path = params.FILE, root: Path = code.ROOT) -> dict[str, dict]:
    """Name of a file in checked/, without its .json -> what it holds: shared, code, and every task of params.yaml.

    root: where decant/, stages/ and constraints.txt lie. A section stands there whole, with the values that it has over the
    defaults; sections are sorted by name.

    Raises ParamsError: params.yaml is not valid. CodeError: code that cannot be followed.
    """
    shared, tasks = params.read_all(file)
    plain = shared.model_dump(mode="json", exclude={"tasks", "encoders"})  # of dvc's matrix alone
    return {
        checked.SHARED: {checked.STAMP: digest(file)} | dict(sorted(plain.items())),
        checked.CODE: code.digests(code.stages(root), root),
        **{name: dict(sorted(task.model_dump(mode="json").items())) for name, task in tasks.items()},
    }
