"""Tiny encoders of other families than BERT, from a config, each with a tokenizer of its own kind."""

import json

import tiny
import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import (
    BertConfig,
    BertModel,
    DistilBertConfig,
    DistilBertModel,
    MPNetConfig,
    MPNetModel,
    PreTrainedTokenizerFast,
    RobertaConfig,
    RobertaModel,
    XLMRobertaConfig,
    XLMRobertaModel,
)

SPREAD = 0.5  # of random weights: at the usual 0.02, all texts have nearly the same logits, and nothing would show
SPECIALS = ["<s>", "<pad>", "</s>", "<unk>"]  # of RoBERTa and XLM-R, whose <mask> comes last
SPARE = 3  # rows of E5's table that no token has
SHAPE = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 24}


def write_distilbert(folder, texts):
    size = len(tiny.write_tokenizer(folder, texts))
    torch.manual_seed(0)
    config = DistilBertConfig(
        vocab_size=size, dim=16, n_layers=2, n_heads=2, hidden_dim=24, max_position_embeddings=64, pad_token_id=0,
        initializer_range=SPREAD,
    )  # fmt: skip
    DistilBertModel(config).save_pretrained(folder)


def write_roberta(folder, texts, positions=66):
    """Byte-level BPE with the specials of RoBERTa: the padding is number 1, and positions start at 2."""
    backend = Tokenizer(models.BPE(unk_token="<unk>"))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    specials = [*SPECIALS, "<mask>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=900, special_tokens=specials, initial_alphabet=alphabet, show_progress=False
    )
    backend.train_from_iterator(texts, trainer)
    backend.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), add_prefix_space=False)
    size = save(backend, folder)
    torch.manual_seed(0)
    config = RobertaConfig(
        **SHAPE, vocab_size=size, max_position_embeddings=positions, type_vocab_size=1, pad_token_id=1, bos_token_id=0, eos_token_id=2,
        initializer_range=SPREAD,
    )  # fmt: skip
    RobertaModel(config, add_pooling_layer=False).save_pretrained(folder)


def sentencepiece(folder, texts) -> int:
    """A Unigram tokenizer as XLM-R's; returns how many tokens it has."""
    backend = Tokenizer(models.Unigram())
    backend.normalizer = normalizers.NFKC()
    backend.pre_tokenizer = pre_tokenizers.Metaspace()
    backend.decoder = decoders.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=700, special_tokens=SPECIALS, unk_token="<unk>", show_progress=False, max_piece_length=12
    )
    backend.train_from_iterator(texts, trainer)
    backend.add_special_tokens(["<mask>"])
    backend.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    return save(backend, folder)


def save(backend: Tokenizer, folder, unknown: str = "<unk>") -> int:
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=backend, bos_token="<s>", cls_token="<s>", pad_token="<pad>", eos_token="</s>",
        sep_token="</s>", unk_token=unknown, mask_token="<mask>",
    )  # fmt: skip
    tokenizer.save_pretrained(folder)
    return len(tokenizer)


def write_xlm_roberta(folder, texts):
    torch.manual_seed(0)
    config = XLMRobertaConfig(
        **SHAPE, vocab_size=sentencepiece(folder, texts), max_position_embeddings=66, type_vocab_size=1, pad_token_id=1,
        bos_token_id=0, eos_token_id=2, initializer_range=SPREAD,
    )  # fmt: skip
    XLMRobertaModel(config, add_pooling_layer=False).save_pretrained(folder)


def write_e5(folder, texts):
    """BERT with XLM-R's tokenizer, spare rows, and in its config the padding of BERT."""
    torch.manual_seed(0)
    config = BertConfig(
        **SHAPE, vocab_size=sentencepiece(folder, texts) + SPARE, max_position_embeddings=64, pad_token_id=0,
        initializer_range=SPREAD,
    )  # fmt: skip
    BertModel(config, add_pooling_layer=False).save_pretrained(folder)


def write_mpnet(folder, texts):
    """BERT's words under RoBERTa's specials: the padding is number 1, positions start at 2, and what is unknown is [UNK]."""
    tiny.write_tokenizer(folder, texts)
    words = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))["model"]["vocab"]
    plain = [word for word in words if word not in tiny.SPECIALS]
    vocabulary = {word: number for number, word in enumerate([*SPECIALS, "[UNK]", *plain, "<mask>"])}
    backend = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    backend.normalizer = normalizers.BertNormalizer(lowercase=True)
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    backend.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), add_prefix_space=False)
    size = save(backend, folder, unknown="[UNK]")
    torch.manual_seed(0)
    config = MPNetConfig(
        **SHAPE, vocab_size=size, max_position_embeddings=66, pad_token_id=1, bos_token_id=0, eos_token_id=2,
        initializer_range=SPREAD,
    )  # fmt: skip
    MPNetModel(config, add_pooling_layer=False).save_pretrained(folder)


FAMILIES = {
    "distilbert": (write_distilbert, DistilBertModel),
    "roberta": (write_roberta, RobertaModel),
    "xlm_roberta": (write_xlm_roberta, XLMRobertaModel),
    "e5": (write_e5, BertModel),
    "mpnet": (write_mpnet, MPNetModel),
}
