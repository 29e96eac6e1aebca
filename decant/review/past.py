"""The code that dvc.lock ran with: the commit whose tree has the digest that was recorded, unpacked outside the repository."""

import io
import subprocess
import tarfile
from pathlib import Path

from decant import code, paths
from decant.errors import CodeError
from decant.review.revision import git

LATEST = 10  # commits of the code to look at where none says the digest; each takes a second to read


class Past:
    """folder: an empty one, for the trees of commits."""

    def __init__(self, folder: Path):
        self._folder = folder

    def find(self, recorded: dict[str, str]) -> dict[str, tuple[str, Path]]:
        """Stage -> commit and root of the code whose digest was recorded, of those that a commit has.

        recorded: stage -> digest. HEAD is looked at first, then commits that wrote the digest to checked/, then the latest.
        """
        found: dict[str, tuple[str, Path]] = {}
        for commit in self._candidates(recorded, found):
            waiting = {stage: digest for stage, digest in recorded.items() if stage not in found}
            if not waiting:
                break
            if root := self._tree(commit):
                digests = self._digests(waiting, root)
                found |= {stage: (commit, root) for stage in waiting if digests.get(stage) == waiting[stage]}
        return found

    def _candidates(self, recorded: dict[str, str], found: dict):
        """Commits to look at, each once; of digests that are found by then, none is asked for."""
        if subprocess.run(["git", "rev-parse", "--verify", "--quiet", "HEAD"], capture_output=True).returncode:
            return  # nothing is committed yet
        seen = [git("rev-parse", "HEAD").strip()]
        yield seen[0]
        for stage, digest in recorded.items():
            if stage not in found:
                wrote = git("log", "--all", "--format=%H", f"-S{digest}", "--", paths.checked("code").as_posix())
                yield from _new(wrote, seen)
        latest = git("log", f"-{LATEST}", "--format=%H", "--", *code.OURS, code.PINS)
        yield from _new(latest, seen)

    def _tree(self, commit: str) -> Path | None:
        """The code of a commit, unpacked; None: it has none."""
        root = self._folder / commit
        packed = subprocess.run(["git", "archive", commit, *code.OURS, code.PINS], capture_output=True)
        if packed.returncode:
            return None
        with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as tar:
            tar.extractall(root, filter="data")
        return root

    def _digests(self, stages: dict, root: Path) -> dict[str, str]:
        """None of a stage that this tree has not; none at all, where it cannot be followed."""
        try:
            return code.digests([stage for stage in code.stages(root) if stage in stages], root)
        except CodeError:
            return {}


def _new(printed: str, seen: list[str]):
    """The commits of a list that were not seen yet."""
    for commit in printed.split():
        if commit not in seen:
            seen.append(commit)
            yield commit
