"""Whether dvc.lock fits what git holds, and whether the remote holds what dvc.lock names. Neither needs any data.

`dvc status` asks for every dependency, and calls a file that was not pulled deleted. Here a file is compared if git holds
it: code, params, pins, metrics. Of data the lock has to agree with itself: what a stage took is what another stage made.
"""

from pathlib import Path

from dvc.dependency.param import ParamsDependency
from dvc.exceptions import DvcException

from decant.errors import CacheError
from decant.review.revision import git
from decant.review.store import Store


def stale(store: Store) -> list[str]:
    """One line per stage and file that dvc.lock does not fit; empty: the lock is that of this checkout.

    Raises CacheError: dvc cannot read dvc.yaml or dvc.lock.
    """
    held, stages = tracked(), stages_of(store)
    made = {out.def_path: out.hash_info.value for stage in stages for out in stage.outs if out.hash_info}
    lines = []
    for stage in stages:
        name = stage.addressing
        if stage.cmd_changed:
            lines.append(f"{name}: its command is another than in dvc.lock")
        for dependency in stage.deps:
            if isinstance(dependency, ParamsDependency):
                lines += [f"{name}: {line}" for line in params(dependency)]
            elif not dependency.hash_info:
                lines.append(f"{name}: dvc.lock has no {dependency.def_path}, on which it depends")
            elif made.get(dependency.def_path, dependency.hash_info.value) != dependency.hash_info.value:
                lines.append(f"{name}: took another {dependency.def_path} than the one that dvc.lock says was made")
            elif dependency.def_path in held and dependency.workspace_status():
                lines.append(f"{name}: {dependency.def_path} is not the one it ran with")
        for out in stage.outs:
            if not out.hash_info:
                lines.append(f"{name}: dvc.lock has no {out.def_path}, which it writes")
            elif not out.use_cache and out.workspace_status():
                lines.append(f"{name}: {out.def_path} is not the one it wrote")
    return lines


def params(dependency: ParamsDependency) -> list[str]:
    """A line per key of a params file that has another value than in dvc.lock."""
    status = dependency.workspace_status()
    found = next(iter(status.values())) if status else {}
    if isinstance(found, str):  # the file itself
        return [f"{dependency.def_path} is {found}"]
    return [f"{dependency.def_path}: {key} is {word}" for key, word in found.items()]


def objects(store: Store) -> dict[str, str]:
    """Path -> md5 of what dvc keeps: the outs that dvc.lock names for the stages that dvc.yaml has (the tasks that are built),
    and the raw tables that those read, where `dvc add` has pinned them."""
    stages = stages_of(store)
    read = [dep.fs_path for stage in stages for dep in stage.deps if not isinstance(dep, ParamsDependency)]
    added = [stage for stage in store.repo.index.stages if stage not in stages and not stage.is_import]
    raw = [out for stage in added for out in stage.outs if any(Path(out.fs_path).is_relative_to(path) for path in read)]
    outs = [*raw, *(out for stage in stages for out in stage.outs)]
    return {
        Path(out.fs_path).relative_to(store.repo.root_dir).as_posix(): out.hash_info.value
        for out in outs
        if out.use_cache and out.hash_info
    }


def stages_of(store: Store) -> list:
    """The stages of dvc.yaml; not the pins of raw files, which name their source themselves."""
    try:
        return [stage for stage in store.repo.index.stages if hasattr(stage, "cmd_changed")]
    except DvcException as error:
        raise CacheError(f"dvc.yaml or dvc.lock cannot be read: {error}") from None


def tracked() -> set[str]:
    """Files that git holds, and the folders they lie in."""
    files = [Path(name) for name in git("ls-files", "-z").split("\0") if name]
    return {file.as_posix() for file in files} | {folder.as_posix() for file in files for folder in file.parents}
