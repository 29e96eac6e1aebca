"""A fold as a small DVC project of its own below .work: the same code and the same map, with other settings of split.

It has no git, and its cache is that of the main project. So the run cache restores what ran before, in a fold that was
killed or with another overlay, and a stage that an overlay does not concern is taken from there. What git keeps in the main
project is in the cache here: dvc has no run cache for a stage with an out that is neither, and would fit baselines again.
"""

import shutil
import threading
from pathlib import Path

from decant import code, paths
from decant.crossfit.plan import Plan
from decant.crossfit.road import MAP
from decant.errors import CacheError, CodeError
from decant.files import writing
from decant.settings.params import FILE

COPIED = (*code.OURS, code.PINS, ".dvcignore", paths.frozen("").as_posix())
HUB = paths.hub("").as_posix()  # encoders that were fetched by hand
PARSER = threading.Lock()  # two threads of Python 3.11 in ast.parse at once end in a SystemError
IN_GIT = ": {cache: false}"  # behind an out of dvc.yaml
# hard links: five folds of a run need no more room than the cache has already. No stage writes into a file that is there
CONFIG = """[core]
    no_scm = true
    analytics = false
    check_update = false
    autostage = false
[cache]
    dir = {cache}
    type = "reflink,hardlink,copy"
"""


def lay(plan: Plan, number: int, cache: Path) -> Path:
    """The project of a fold, laid out if it is not there; its folder. cache: that of the main project.

    Raises CodeError: the code in it is not that of the plan.
    """
    folder = plan.fold(number)
    if not folder.exists():
        with writing(folder) as partial:
            (partial / ".dvc").mkdir(parents=True)  # first: dvc passes over a project inside of another
            (partial / ".dvc" / "config").write_text(CONFIG.format(cache=cache), encoding="utf-8")
            for name in filter(Path.exists, map(Path, COPIED)):
                copy(name, partial / name)
            (partial / paths.CHAMPIONS_FOLDER).mkdir()  # a fold is compared with no champion
            for name in [*(paths.raw(task) for task in plan.tasks), Path(HUB), *named(plan)]:
                link(name, partial / name)
            (partial / MAP).write_text(MAP.read_text(encoding="utf-8").replace(IN_GIT, ""), encoding="utf-8")
            plan.write_params(partial / FILE, number)
    with PARSER:
        digests = code.digests(list(plan.digests), folder.absolute())
    if digests != plan.digests:
        raise CodeError(
            f"{folder}: its code is not the one that this run began with, and folds of different code are not mixed. Run the "
            f"command again; if that does not help, remove {folder}"
        )
    return folder


def named(plan: Plan) -> list[Path]:
    """Folders of this project that the catalogue names as sources of the encoders in use, outside of HUB."""
    entries = [plan.shared.catalogue[name] for name in plan.shared.encoders]
    sources = [source for entry in entries for source in entry.sources if source.startswith("folder:")]
    folders = [Path(source.removeprefix("folder:")) for source in sources]
    return [
        folder
        for folder in folders
        if not folder.is_absolute() and ".." not in folder.parts and not folder.is_relative_to(HUB)
    ]


def copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copyfile(source, target)


def link(source: Path, target: Path) -> None:
    """A link to a folder of the main project, if that has it and no stage of the fold writes it."""
    if source.is_dir() and source != paths.raw("demo") and not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(source.absolute(), target_is_directory=True)


def cache_of_main() -> Path:
    """Raises CacheError: no dvc repository."""
    from decant.review.store import Store

    folder = Path(Store().repo.cache.local_cache_dir)
    if not folder.is_absolute():
        raise CacheError(f"{folder}: the cache of this project is no folder of this machine")
    return folder
