"""A bundle of a real network in small: a random student that answers differently from text to text, as the stages leave it."""

from pathlib import Path

import bundles
import numpy as np
import pandas as pd
import tiny
import torch

from decant import paths
from decant.files import write_json
from decant.models import int8
from decant.models.encoder import load_tokenizer, load_weights, save_tokenizer
from decant.models.model import build, predict
from stages import bundle, export

LENGTH = 48  # tokens, as tiny.shrink sets it


def write_bundle(workspace: Path, texts: list[str]) -> Path:
    """models/demo/bundle in a working folder with params.yaml, with the student, the ONNX files and the splits behind it."""
    bundles.write_task(workspace, texts)
    split(texts)
    encoder, student = workspace / "encoder", workspace / paths.student("demo")
    tiny.write_encoder(encoder, texts)
    tokenizer = load_tokenizer(encoder)
    torch.set_num_threads(1)
    torch.manual_seed(0)
    model = build(load_weights(encoder), bundles.HEADS, "mean", 0.0, np.zeros(5))
    states = predict(model, tokenizer, texts, LENGTH, "texts")[1]
    with torch.no_grad():  # the mean text in the middle of each logit, the others around it
        model.classifier.weight.copy_(torch.randn(5, tiny.WIDTH) / torch.from_numpy(states.std(axis=0)))
        model.classifier.bias.copy_(-model.classifier.weight @ torch.from_numpy(states.mean(axis=0)))
    model.save_pretrained(student)
    save_tokenizer(tokenizer, student, LENGTH)
    write_json(student / "student.json", {"parameters": 1, "vocabulary": len(tokenizer)})
    export.main("demo")
    int8.quantize(workspace / paths.onnx("demo"), workspace / paths.quantized("demo"), "channel_reduced", 8, [])
    bundle.main("demo")
    return workspace / paths.bundle("demo")


def split(texts: list[str]) -> None:
    """The texts in turn in train, valid and calib, with labels drawn by chance; raw ones have what cleaning undoes."""
    draw = np.random.default_rng(0)
    frame = pd.DataFrame({"id": [f"r{row:03}" for row in range(len(texts))], "text": texts, "linear": texts})
    frame = frame.assign(raw=frame["text"].str.replace(" ", " &amp; ", n=1), urgency=draw.random(len(texts)))
    frame["text"] = frame["text"].str.replace(" ", " & ", n=1)
    frame["scam"] = draw.choice(["honest", "scam"], len(texts))
    for label in ("topic.crypto", "topic.money"):
        frame[label] = draw.random(len(texts)) < 0.5
    for place, name in enumerate(("train", "valid", "calib")):
        frame[place::3].to_parquet(paths.split_file("demo", name))
