"""Two states of the project: a commit, or the working tree, read in the same way."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from decant.errors import RevisionError

WORKTREE = "the working tree"


@dataclass(frozen=True)
class Revision:
    name: str  # as it was asked for
    commit: str | None  # None: the working tree

    @property
    def title(self) -> str:
        if self.commit is None:
            return self.name
        return self.commit[:9] if self.commit.startswith(self.name) else f"{self.name} ({self.commit[:9]})"

    def files(self, folder: str) -> list[str]:
        """Paths of the files below a folder, sorted."""
        if self.commit is None:
            return sorted(path.as_posix() for path in Path(folder).rglob("*") if path.is_file())
        listed = git("ls-tree", "-r", "--name-only", "-z", self.commit, "--", f"./{folder}")
        return sorted(name for name in listed.split("\0") if name)

    def text(self, path: str) -> str | None:
        """A file's text; None: there is no such file.

        Raises RevisionError: not UTF-8.
        """
        try:
            if self.commit is None:
                return Path(path).read_text(encoding="utf-8")
            shown = subprocess.run(["git", "show", f"{self.commit}:./{path}"], capture_output=True, check=False)
            return None if shown.returncode else shown.stdout.decode("utf-8")
        except FileNotFoundError:
            return None
        except UnicodeDecodeError as error:
            raise RevisionError(f"{path} at {self.title}: not UTF-8 at byte {error.start}") from None

    def json(self, path: str) -> dict:
        """A JSON file; empty: there is no such file.

        Raises RevisionError: no JSON, or no mapping.
        """
        text = self.text(path)
        try:
            found = {} if text is None else json.loads(text)
        except json.JSONDecodeError as error:
            raise RevisionError(f"{path} at {self.title}: not JSON ({error}). Restore it, or rerun its stage") from None
        return self._mapping(found, path)

    def yaml(self, path: str) -> dict:
        """A YAML file, as plain values; empty: there is no such file.

        Raises RevisionError: no YAML, or no mapping.
        """
        try:
            # pure, and YAML 1.2, as dvc reads it: 1e-3 is a number
            found = YAML(typ="safe", pure=True).load(self.text(path) or "{}")
        except (YAMLError, ValueError) as error:  # ValueError: a date that does not exist
            raise RevisionError(f"{path} at {self.title}: not YAML: {error}") from None
        return self._mapping(found, path)

    def _mapping(self, found: object, path: str) -> dict:
        if not isinstance(found, dict):
            raise RevisionError(f"{path} at {self.title}: found {type(found).__name__}, expected a mapping")
        return found


def revision(name: str | None, option: str) -> Revision:
    """What `name` is to git; None: the working tree. option: of the command line, for the error.

    Raises RevisionError: no git checkout, or no such revision.
    """
    inside = subprocess.run(["git", "rev-parse", "--is-inside-work-tree"], capture_output=True, check=False)
    if inside.returncode:
        raise RevisionError("no git checkout here: two revisions are compared that git holds. Run it in a clone")
    if name is None:
        return Revision(WORKTREE, None)
    commit = _commit(name)
    if commit is None:
        remote = f"origin/{name}"
        mend = f"Write {option} {remote}" if _commit(remote) else f"Fetch it (git fetch origin {name}), or name another"
        raise RevisionError(f"{option} {name}: git knows no such revision. {mend}")
    return Revision(name, commit)


def _commit(name: str) -> str | None:
    if name.startswith("-"):  # git would take it for an option
        return None
    asked = ["git", "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}"]
    found = subprocess.run(asked, capture_output=True, text=True, check=False)
    return found.stdout.strip() if found.returncode == 0 else None


def ordered(found: object) -> dict:
    """A mapping whose order counts, as checked/ keeps it: a text of JSON, or a list of pairs in the layout before."""
    return dict(json.loads(found) if isinstance(found, str) else found or {})


def git(*command: str) -> str:
    """What a git command prints.

    Raises RevisionError: it failed.
    """
    ended = subprocess.run(["git", *command], capture_output=True, text=True, check=False)
    if ended.returncode:
        raise RevisionError(f"git {command[0]}: {ended.stderr.strip()}")
    return ended.stdout
