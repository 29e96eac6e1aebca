"""What dvc keeps outside git: objects by their md5, in the cache of this clone or behind it, in the default remote."""

import json
import re
import sys
from functools import cached_property
from pathlib import Path

from dvc.config import NoRemoteError
from dvc.exceptions import DvcException, NotDvcRepoError
from dvc.fs import AuthError, ConfigError, RemoteMissingDepsError
from dvc.repo import Repo
from dvc.scm import SCMError

from decant.errors import CacheError
from decant.files import digest, writing

FOLDER = ".dir"  # the end of the md5 of a folder, whose object lists its files
ADD = "dvc remote add --local --default NAME URL"  # into .dvc/config.local, which git never sees
# what lies below dvc raises as it is: module -> its base, where that is no OSError
BENEATH = {
    "asyncssh": "Error",
    "aiohttp": "ClientError",
    "botocore.exceptions": "BotoCoreError",
}


def failures() -> tuple[type[BaseException], ...]:
    """What a remote that does not do as it is told raises. Of modules that nobody imported nothing can come."""
    beneath = [getattr(sys.modules[module], name) for module, name in BENEATH.items() if module in sys.modules]
    return (DvcException, AuthError, ConfigError, RemoteMissingDepsError, ImportError, OSError, *beneath)


def reason(error: BaseException) -> str:
    """What it says, in one line; of a package that is not installed, how to get it."""
    said = " ".join(str(error).split()) or type(error).__name__
    if package := isinstance(error, ImportError) and re.search(r"dvc-\w+", said):
        return f"{said}. Run: pip install {package[0]} -c constraints.txt"
    return said


class Store:
    """root: of the repository. Nothing is asked of the remote before something is missing in the cache."""

    def __init__(self, root: str | Path = "."):
        try:
            self.repo = Repo(str(root))
        except NotDvcRepoError:
            raise CacheError(f"{root}: no dvc repository. Run: dvc init") from None
        except SCMError:
            raise CacheError(f"{root}: no git checkout, which dvc works with. Run: git init") from None

    @cached_property
    def remote(self):
        """The default remote's objects, or None if no remote is the default one.

        Raises CacheError: what it is reached by is not installed, or it lets nobody in.
        """
        try:
            return self.repo.cloud.get_remote_odb()
        except NoRemoteError:
            return None
        except failures() as error:
            raise CacheError(f"the remote {self.remote_name} cannot be opened: {reason(error)}") from None

    @property
    def remote_name(self) -> str:
        return self.repo.config["core"].get("remote", "")

    def find(self, md5: str) -> Path:
        """The file with these bytes, fetched into the cache if need be.

        Raises CacheError: neither the cache nor the remote has it, the remote does not answer, or the bytes are others.
        """
        path = Path(self.repo.cache.local.oid_to_path(md5))
        if not path.exists():
            if self.remote is None:
                raise CacheError("not in the cache of this clone, and no dvc remote is the default one")
            content = self.content(md5)
            with writing(path) as partial:
                partial.write_bytes(content)
        if digest(path, "md5") != md5:
            raise CacheError(f"{path}: other bytes than its name says. Remove it, then: dvc fetch")
        return path

    def content(self, md5: str) -> bytes:
        """The bytes of an object of the remote.

        Raises CacheError: it has none of this md5, or does not answer.
        """
        try:
            return self.remote.fs.cat_file(self.remote.oid_to_path(md5))
        except FileNotFoundError:
            raise CacheError(f"neither in the cache of this clone nor in the remote {self.remote_name}") from None
        except failures() as error:
            raise CacheError(f"the remote {self.remote_name} does not answer: {reason(error)}") from None

    def missing(self, objects: dict[str, str]) -> list[str]:
        """Of path -> md5, a line per object that the default remote lacks, and per file of a folder that it lacks.

        Raises CacheError: no default remote, or it does not answer.
        """
        if self.remote is None:
            raise CacheError(f"no dvc remote is the default one. Run: {ADD}")
        try:
            there = set(self.remote.oids_exist(sorted(set(objects.values()))))
            inside = {
                f"{path}/{entry['relpath']}": entry["md5"]
                for path, md5 in objects.items()
                if md5 in there and md5.endswith(FOLDER)
                for entry in json.loads(self.content(md5))
            }
            there |= set(self.remote.oids_exist(sorted(set(inside.values()))))
        except failures() as error:
            raise CacheError(f"the remote {self.remote_name} does not answer: {reason(error)}") from None
        every = objects | inside
        return [f"{path} ({md5})" for path, md5 in sorted(every.items()) if md5 not in there]
