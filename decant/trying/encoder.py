"""An encoder of the catalogue that is on this machine already: a first answer asks no network."""

from dataclasses import dataclass
from pathlib import Path

import huggingface_hub
from transformers import PreTrainedModel, PreTrainedTokenizerFast
from transformers.utils import logging

from decant.errors import EncoderError
from decant.files import digest
from decant.models import packaged
from decant.models.coverage import covered, strange, told
from decant.models.encoder import WEIGHTS, load_tokenizer, load_weights
from decant.settings.catalogue import Encoder
from decant.settings.tokens import Tokens
from decant.shipped.tokenfile import reading, tried

FILES = ("config.json", WEIGHTS, "tokenizer.json")


@dataclass(frozen=True)
class Here:
    """An encoder as it was published."""

    name: str
    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerFast
    pooling: str


def opened(name: str, entry: Encoder, texts: list[str], tokens: Tokens) -> tuple[Here | None, str]:
    """The encoder, or null and why it cannot be used: not here, other weights than its sha256, or another language's."""
    folder = next((folder for source in entry.sources if (folder := place(source))), None)
    if folder is None:
        return None, f"encoder {name} is not on this machine ({', '.join(entry.sources) or 'it starts from nothing'})"
    if entry.sha256 and digest(folder / WEIGHTS) != entry.sha256:
        return None, f"encoder {name} has other weights in {folder} than catalogue.{name}.sha256 says"
    of_tokens = folder / "tokenizer.json", EncoderError, "Fetch the encoder again, or name another source of it"
    tried(*of_tokens)
    tokenizer = load_tokenizer(folder)
    with reading(*of_tokens):
        found = covered(tokenizer.backend_tokenizer, tokenizer.unk_token, texts)
    if strange(found, tokens):
        return None, f"encoder {name} was made for another language: {told(found)}"
    logging.set_verbosity_error()  # its report of a pooler that nobody needs; load_weights compares every tensor
    return Here(name, load_weights(folder), tokenizer, entry.pooling), ""


def place(source: str) -> Path | None:
    """The folder of a source that is here with all its files; null if it is not."""
    kind, _, name = source.partition(":")
    if kind == "package":
        folder = packaged.folder(name)
    elif kind == "folder":
        folder = Path(name)
    else:
        repository, _, commit = name.partition("@")
        files = [huggingface_hub.try_to_load_from_cache(repository, file, revision=commit or None) for file in FILES]
        folder = Path(files[0]).parent if all(isinstance(file, str) for file in files) else None
    return folder if folder and all((folder / file).is_file() for file in FILES) else None
