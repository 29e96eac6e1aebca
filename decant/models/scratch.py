"""An encoder that starts from nothing: random weights of a given shape, and WordPiece trained on the task's train text."""

from collections import Counter
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

from decant.settings.catalogue import Scratch

SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
POSITIONS = 512  # the longest that tokens.max_length may be


def start(folder: Path, shape: Scratch, size: int, texts: list[str]) -> Path:
    """Write an encoder of random weights and its tokenizer of at most `size` entries into `folder`; returns it."""
    tokenizer = train_tokenizer(texts, size)
    torch.manual_seed(shape.seed)
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=shape.hidden_size,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        intermediate_size=shape.intermediate_size,
        max_position_embeddings=POSITIONS,
        pad_token_id=tokenizer.pad_token_id,
    )
    BertModel(config, add_pooling_layer=False).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def train_tokenizer(texts: list[str], size: int) -> PreTrainedTokenizerFast:
    """WordPiece of at most `size` entries, lower-cased and without accents, the same for the same texts.

    The trainer numbers the letters within words in the order of a hash map, and breaks ties of its merges by those
    numbers: left alone, each process learns another vocabulary. So the letters are counted here and handed to it, both
    alone and as continuations, as words that it has to keep; they may take half of the entries.
    """
    normalizer = normalizers.BertNormalizer(lowercase=True, strip_accents=True)
    words = pre_tokenizers.BertPreTokenizer()
    counts = Counter(
        letter
        for text in texts
        for word, _ in words.pre_tokenize_str(normalizer.normalize_str(text))
        for letter in word
    )
    frequent = sorted(counts, key=lambda letter: (-counts[letter], letter))[: (size - len(SPECIALS)) // 4]
    letters = sorted(frequent)
    trainer = trainers.WordPieceTrainer(
        vocab_size=size,
        min_frequency=2,
        initial_alphabet=letters,
        limit_alphabet=len(letters),
        special_tokens=[*SPECIALS, *(f"##{letter}" for letter in letters)],
        show_progress=False,
    )
    learner = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    learner.normalizer, learner.pre_tokenizer = normalizer, words
    learner.train_from_iterator(texts, trainer)

    # the same normalizer as in training, and stored with the vocabulary: what reads texts later is what learnt
    backend = Tokenizer(models.WordPiece(learner.get_vocab(), unk_token="[UNK]"))
    backend.normalizer, backend.pre_tokenizer, backend.decoder = normalizer, words, decoders.WordPiece()
    cls, sep = ((name, SPECIALS.index(name)) for name in ("[CLS]", "[SEP]"))
    backend.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[cls, sep]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        **{f"{name.strip('[]').lower()}_token": name for name in SPECIALS},
    )
