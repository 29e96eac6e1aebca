"""How many tokens the texts have: what tokens.max_length has to hold, and whether the encoder knows the words at all."""

import numpy as np
from tokenizers import Tokenizer

from decant.models import packaged
from decant.new.blocks import Block
from decant.settings.params import TaskParams

LENGTHS = (32, 48, 64, 96, 128, 192, 256)  # of tokens.max_length
SAMPLE = 5000  # texts to tokenize
WHOLE = 0.95  # share of texts below which cutting is said
UNKNOWN = 0.1  # share of tokens; under 0.2 % in English, 66 % in Chinese


def propose(block: Block, p: TaskParams, texts: list[str]) -> list[str]:
    """Set tokens.max_length, and print it with its reason. Returns warnings."""
    name = p.distil.encoder
    packages = [
        source.removeprefix("package:") for source in p.catalogue[name].sources if source.startswith("package:")
    ]
    folder = next((found for package in packages if (found := packaged.folder(package))), None)
    if folder is None:
        print(f"tokens: max_length {p.tokens.max_length}, the default (encoder {name} is not installed to count them)")
        return []
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    sample = texts[:: -(-len(texts) // SAMPLE)]
    encodings = tokenizer.encode_batch(sample)
    sizes = np.array([len(encoding.ids) for encoding in encodings])
    half, nearly = np.percentile(sizes, [50, 99])
    length = next((limit for limit in LENGTHS if limit >= nearly), LENGTHS[-1])
    whole = (sizes <= length).mean()
    block.put("tokens", "max_length", value=length, note=f"holds {whole * 100:.1f} % of the texts whole")
    count = f"{len(sizes):,} text{'' if len(sizes) == 1 else 's'}"
    print(
        f"tokens: max_length {length} (holds {whole * 100:.1f} % of {count} whole; half have at most {half:.0f} tokens, 99 % at "
        f"most {nearly:.0f})"
    )
    return [*too_long(length, whole, half), *unknown(name, tokenizer, encodings)]


def too_long(length: int, whole: float, half: float) -> list[str]:
    if whole >= WHOLE:
        return []
    return [
        f"tokens.max_length {length} holds {whole * 100:.0f} % of the texts whole (half have more than {half:.0f} tokens), and what "
        "is behind it is cut off. Set teacher.long_texts: chunk and runtime.long_texts: chunk, which read long texts in "
        "overlapping windows, or a larger max_length, which costs time"
    ]


def unknown(name: str, tokenizer: Tokenizer, encodings: list) -> list[str]:
    """A warning, if the tokenizer has no tokens for much of the texts."""
    sign = tokenizer.token_to_id("[UNK]")
    tokens = np.concatenate([encoding.ids[1:-1] or [-1] for encoding in encodings])
    share = float((tokens == sign).mean()) if sign is not None else 0.0
    if share < UNKNOWN:
        return []
    return [
        f"{share * 100:.0f} % of the tokens are unknown to {name}, which cannot tell such texts apart: take an encoder of their "
        "language (catalogue, encoders and distil.encoder), scratch, which learns its tokens from train, or the linear model"
    ]
