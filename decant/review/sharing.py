"""Sharing: push what dvc.lock names, and the record of each run, to the default remote, and say what went where.

`dvc push` ends well where the record of a run did not arrive, where an object is neither here nor there, where it lies there
with half of its bytes, and where somebody removed it from a folder that was pushed before. So the remote is asked before and
after it, and for sizes. Nothing is pushed that no commit names: a colleague could not ask for it.
"""

import errno
import json
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from dvc.dependency.param import ParamsDependency

from decant.errors import CacheError, RevisionError
from decant.files import read_json
from decant.review import lock
from decant.review.revision import git
from decant.review.store import ADD, FOLDER, Store, failures, reason

LOGGERS = ("dvc", "dvc_objects", "dvc_data")
OF_ALL = (
    "endpointurl",
    "region",
    "port",
)  # options of a remote that are the same for everybody; keys and logins are not
REFUSED = re.compile(r"permission denied|access ?denied|read-only|not permitted|forbidden", re.IGNORECASE)
KEYLESS = re.compile(r"\bcredentials?\b", re.IGNORECASE)
SHOWN = 5  # lines of a list in an error


class Object(NamedTuple):
    """A file that a colleague needs."""

    path: str  # of the out, and inside a folder of the file
    file: Path  # where the cache of this clone has it
    size: int | None  # bytes; None: the cache does not have it


def share() -> str:
    """Push, and return in words what went where, how much, and what a colleague types.

    Raises CacheError: no default remote, one that only reads or does not answer, a lock that is not of this checkout or not
    committed, or an object that is nowhere. RevisionError: git does not answer.
    """
    store = Store()
    refuse(store)
    try:
        objects = wanted(store)
        before = held(store, objects)
    except failures() as error:
        raise stopped(store, error, "does not answer") from None
    with listening() as errors:
        try:
            store.repo.push(run_cache=True)
            after = mended(store, objects)
        except failures() as error:
            errors.append(error)
    if errors:
        raise stopped(store, errors[0], "did not take all")
    if lacking := sorted(each.path for md5, each in objects.items() if md5 not in after):
        raise CacheError(
            f"neither in the cache here nor in the remote {store.remote_name}:{shown(lacking)}\n"
            "Run: dvc repro (or, where they were built: make share)"
        )
    return told(store, objects, before)


def refuse(store: Store) -> None:
    """Raises CacheError where a push could not help a colleague; the remote is not asked yet."""
    if store.remote is None:
        raise CacheError(
            "no dvc remote is the default one, so that nobody knows where to push to. "
            f"Run: {ADD} (URL: a folder that all reach, ssh://HOST/FOLDER, s3://BUCKET/FOLDER)"
        )
    name, url = store.remote_name, address(store)
    if store.remote.fs.protocol in ("http", "https"):
        raise CacheError(
            f"the remote {name} ({url}) is read over HTTP, which takes no run cache. Name the place behind it for yourself. "
            f"Run: dvc remote modify --local {name} url URL"
        )
    if store.remote.fs.protocol == "local" and not Path(url).parent.exists():
        raise CacheError(f"the remote {name}: there is no {Path(url).parent}. Mount it; if it is new: mkdir -p {url}")
    if stale := lock.stale(store):
        raise CacheError(f"dvc.lock is not of this checkout. Run: dvc repro, and commit what it writes{shown(stale)}")
    if changed := uncommitted(store):
        raise CacheError(
            "git does not have what dvc.lock was made with, so that a colleague could not ask for it. "
            f'Run: git add -A && git commit -m "what changed"{shown(changed)}'
        )


def uncommitted(store: Store) -> list[str]:
    """Files of git that the pipeline reads or writes, dvc.lock and pins with them, as far as they differ from HEAD."""
    stages = lock.stages_of(store)
    made = {out.def_path for stage in stages for out in stage.outs}
    read = {dep.def_path for stage in stages for dep in stage.deps if not isinstance(dep, ParamsDependency)}
    written = {out.def_path for stage in stages for out in stage.outs if not out.use_cache}
    pins = {stage.path_in_repo for stage in store.repo.index.stages}
    paths = sorted({"dvc.lock", *pins, *written, *(read - made)})
    listed = git("status", "--porcelain", "-z", "--no-renames", "--untracked-files=all", "--", *paths)
    return [entry[3:] for entry in listed.split("\0") if entry]


def wanted(store: Store) -> dict[str, Object]:
    """md5 -> object: what dvc keeps of this commit, and the files of what is a folder. The list of one may be nowhere."""
    found = {}
    for path, md5 in lock.objects(store).items():
        found[md5] = whole = of_cache(store, path, md5)
        if md5.endswith(FOLDER) and (whole.size is not None or store.remote.exists(md5)):
            listed = json.loads(store.content(md5)) if whole.size is None else read_json(whole.file)
            for entry in listed:
                found[entry["md5"]] = of_cache(store, f"{path}/{entry['relpath']}", entry["md5"])
    return found


def of_cache(store: Store, path: str, md5: str) -> Object:
    file = Path(store.repo.cache.local.oid_to_path(md5))
    return Object(path, file, file.stat().st_size if file.exists() else None)


def held(store: Store, objects: dict[str, Object]) -> set[str]:
    """Of the objects those that the remote has whole."""
    remote = store.remote
    there = sorted(remote.oids_exist(sorted(objects)))
    sizes = [entry["size"] for entry in remote.fs.info([remote.oid_to_path(md5) for md5 in there])] if there else []
    return {md5 for md5, size in zip(there, sizes, strict=True) if objects[md5].size in (None, size)}


def mended(store: Store, objects: dict[str, Object]) -> set[str]:
    """What the remote has whole, after what dvc took for whole, or for there, is sent again."""
    there = held(store, objects)
    again = [md5 for md5, each in objects.items() if md5 not in there and each.size is not None]
    if not again:
        return there
    files = [str(objects[md5].file) for md5 in again]
    store.remote.add(files, store.repo.cache.local.fs, again, check_exists=False)
    return held(store, objects)


@contextmanager
def listening() -> Iterator[list[BaseException]]:
    """What dvc logs as errors and goes on after, in place of its lines on the screen."""
    errors = []
    handler = logging.Handler(logging.ERROR)
    handler.emit = lambda record: errors.append(
        record.exc_info[1] if record.exc_info else CacheError(record.getMessage())
    )
    loggers = [logging.getLogger(name) for name in LOGGERS]
    before = [logger.handlers for logger in loggers]
    for logger in loggers:
        logger.handlers = [handler]
    try:
        yield errors
    finally:
        for logger, handlers in zip(loggers, before, strict=True):
            logger.handlers = handlers


def stopped(store: Store, error: BaseException, what: str) -> CacheError:
    """Why a push came to its end, and the next command. what: the remote did not do, where nothing better is known."""
    name, why = store.remote_name, reason(error)
    where = f"the remote {name} ({address(store)})"
    if KEYLESS.search(why):
        return CacheError(
            f"{where} asks for a key: {why}. Name yours, which git never sees. "
            f"Run: dvc remote modify --local {name} profile PROFILE (or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY)"
        )
    if isinstance(error, PermissionError) or getattr(error, "errno", None) == errno.EROFS or REFUSED.search(why):
        return CacheError(
            f"{where} takes nothing from you: {why}. Ask who keeps it to let you in and write, or name another place. "
            f"Run: dvc remote modify --local {name} url URL"
        )
    return CacheError(
        f"{where} {what}: {why}. Nothing is lost, and what has arrived stays there. Run again: make share"
    )


def told(store: Store, objects: dict[str, Object], before: set[str]) -> str:
    """What went where, and what a colleague types."""
    sent = [each.size for md5, each in objects.items() if md5 not in before]
    went = f"{len(sent):,} of {len(objects):,} objects, {sum(sent) / 1e6:.1f} MB; the others were there"
    if not sent:
        went = f"nothing, for all {len(objects):,} objects were there"
    records = sum(file.is_file() for file in Path(store.repo.stage_cache.cache_dir).glob("*/*/*"))
    options = store.repo.config["remote"][store.remote_name]
    add = [f"dvc remote add --local --default {store.remote_name} {address(store)}"]
    add += [f"dvc remote modify --local {store.remote_name} {key} {options[key]}" for key in OF_ALL if key in options]
    return "\n".join([
        f"remote {store.remote_name}: {address(store)}",
        f"went there: {went}. For the run cache the records of {records:,} runs",
        *unpushed(),
        "A colleague who has this commit types, the first time:",
        *(f"  {line}" for line in add),
        "and each time:",
        "  dvc pull --run-cache --allow-missing",
        "  dvc repro",
        "The last one runs no stage.",
    ])  # fmt: skip


def unpushed() -> list[str]:
    """A line where no git remote has this commit."""
    try:
        ahead = int(git("rev-list", "--count", "@{upstream}..HEAD"))
    except RevisionError:
        return ["No git remote has this branch yet. Run: git push -u origin HEAD"]
    return ["No git remote has this commit yet. Run: git push"] if ahead else []


def address(store: Store) -> str:
    """Where the default remote is, without name and password."""
    url = str(store.repo.config["remote"][store.remote_name]["url"])
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl() if parts.scheme else url


def shown(lines: list[str]) -> str:
    more = [f"and {len(lines) - SHOWN} more"] if len(lines) > SHOWN else []
    return "".join(f"\n  {line}" for line in [*lines[:SHOWN], *more])
