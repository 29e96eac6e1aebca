"""encoder: find an encoder, prove it is the right one, and keep it as models/<task>/encoders/<name>.

In: the catalogue's entry, and the task's train text. Sources are tried in the order of params: a local folder, an
installed package, or the hub at a pinned commit; an entry with `scratch` starts from nothing instead. The weights must
have the digest in params, the tokenizer and the embedding table the vocabulary size in params, the positions must hold
tokens.max_length, and the train text must neither hold many unknown tokens nor fall into single letters. What is kept has
no pooler and no pretraining heads, and encoder.json with what was found.
"""

import tempfile
from pathlib import Path

from decant import checked, paths, stage
from decant.errors import EncoderError
from decant.files import digest, write_json, writing
from decant.models import unused
from decant.settings.base import Section
from decant.settings.catalogue import Encoder, chosen
from decant.settings.heads import Heads, heads_of
from decant.settings.tokens import Tokens


class Sections(Section):
    catalogue: dict[str, Encoder]
    heads: Heads
    teachers: list[str]
    tokens: Tokens


def main(task: str, name: str) -> None:
    p = checked.read(Sections, task)
    entry = chosen(p.catalogue, name)
    if name in p.teachers:
        keep(task, name, entry, p)
    else:
        unused.put(paths.encoder(task, name), task, name)


def keep(task: str, name: str, entry: Encoder, p: Sections) -> None:
    """Find the encoder, prove it, and keep weights and tokenizer."""
    from tokenizers import Tokenizer

    from decant import tables
    from decant.models import places, proved, scratch
    from decant.models.coverage import covered
    from decant.models.encoder import WEIGHTS, check_vocabulary, load_tokenizer, load_weights, save_tokenizer
    from decant.shipped.tokenfile import reading, tried

    heads = heads_of(p.heads)
    texts = tables.load(task, "train", heads)["text"].tolist()

    with tempfile.TemporaryDirectory() as made:
        if entry.scratch:
            source, folder = "scratch", scratch.start(Path(made), entry.scratch, entry.vocab_size, texts)
        else:
            source, folder = places.find(name, p.catalogue)
        print(f"encoder {name} from {source}")
        sha256 = digest(folder / WEIGHTS)
        proved.check_digest(name, entry, source, sha256)
        of_tokens = folder / "tokenizer.json", EncoderError, "Fetch the encoder again, or name another source of it"
        tried(*of_tokens)
        tokenizer, model = load_tokenizer(folder), load_weights(folder)
        rows = model.get_input_embeddings().num_embeddings
        proved.check_sizes(name, entry, source, tokenizer, rows)
        proved.check_length(task, source, model, tokenizer, p.tokens.max_length)
        with reading(*of_tokens):
            found = covered(tokenizer.backend_tokenizer, tokenizer.unk_token, texts)
        proved.check_language(task, source, found, p.tokens)
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


if __name__ == "__main__":
    stage.run(main)
