"""What is missing where only a part of Decant is installed, in one line in place of a traceback."""

from decant.errors import InstallError

BASE = {"numpy", "onnxruntime", "tokenizers", "ftfy"}  # of pyproject.toml; any command may need them


def missing(error: ModuleNotFoundError, command: str, extra: str | None) -> InstallError:
    """What to tell about a package that is not there.

    command: what was run. extra: of pyproject.toml, that brings what the command needs; null: requirements.txt does.
    Raises the error itself if it is a module of ours, which no installation would bring.
    """
    package = (error.name or "").split(".")[0]
    if package in ("", "decant", "stages"):
        raise error
    if package in BASE:
        way = "pip install . in a checkout of Decant"
    elif extra:
        way = f"the extra {extra!r} brings it: pip install '.[{extra}]' in a checkout of Decant"
    else:
        way = (
            "the pipeline runs in a checkout of Decant with requirements.txt: make setup, or pip install -r requirements.txt "
            "-c constraints.txt"
        )
    return InstallError(f"decant {command}: {package} is not installed; {way}")
