"""Files that are read from a folder lie in it: a link leads out, to bytes that neither git, dvc nor a reader of params sees.

Two caches put links in place of files on purpose, and name what they hold by its digest: those of dvc (cache.type symlink)
and of the Hugging Face hub. Links into them are taken.
"""

import re
import shlex
from pathlib import Path

CACHED = re.compile(r"/files/md5/[0-9a-f]{2}/[0-9a-f]{30}$|/blobs/([0-9a-f]{40}|[0-9a-f]{64})$")


def outside(folder: Path) -> Path | None:
    """The first link at any depth that leads out of the folder and into no cache. The folder itself may be a link."""
    root = folder.resolve()
    for path in sorted(folder.rglob("*")):
        if path.is_symlink():
            real = path.resolve()
            if not real.is_relative_to(root) and not CACHED.search(real.as_posix()):
                return path
    return None


def fault(folder: Path) -> str | None:
    """What to say of such a link, and what mends it; None: there is none."""
    if (link := outside(folder)) is None:
        return None
    here, there = shlex.quote(str(link)), shlex.quote(str(link.resolve()))
    return (
        f"{link}: a link, which leads out of {folder}. Put there what it leads to: rm {here} && cp -rL {there} {here}"
    )
