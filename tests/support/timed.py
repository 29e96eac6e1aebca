"""A task with a model of everyone, each of a few thousand weights, as the benchmark finds it."""

import shutil

import numpy as np
import onnx
import pandas as pd
import tiny
from bundles import HEADS, write_bundle
from onnx import helper, numpy_helper

from decant import paths
from decant.files import write_json
from decant.members import linear
from decant.models.encoder import load_tokenizer, save_tokenizer

LENGTH = 48  # tokens, as tiny.shrink sets it
ENCODER = "tiny"
WEIGHTS = {"linear": 0.5, "probe": 0.0, "teacher_tiny_13": 0.5}


def write(workspace, texts: list[str]) -> None:
    """models/demo and the valid texts, in the working folder."""
    write_bundle(workspace)
    frame = pd.DataFrame(
        {"id": [f"{row:03}" for row in range(len(texts))], "text": texts, "linear": texts, "raw": texts}
    )
    frame = frame.assign(scam="honest", urgency=0.5, **{"topic.crypto": False, "topic.money": False})
    frame.to_parquet(paths.split_file("demo", "valid"))
    published, adapted = paths.encoder("demo", ENCODER), paths.adapted("demo", ENCODER)
    tiny.write_encoder(published, texts)
    write_json(published / "encoder.json", {"pooling": "mean"})
    shutil.copytree(published, adapted)
    tiny.write_teacher(published, HEADS, paths.teacher("demo", ENCODER, 13))
    small = paths.student("demo")  # its own tokenizer, whose words the bundle knows
    tokenizer = load_tokenizer(small)
    shutil.rmtree(small)
    tiny.write_teacher(published, HEADS, small)
    save_tokenizer(tokenizer, small, LENGTH)
    model = onnx.load(paths.quantized("demo"))  # the words' own sums, and a product whose work can be counted
    model.graph.initializer.append(numpy_helper.from_array(np.eye(5, dtype=np.float32), "square"))
    model.graph.node.append(helper.make_node("MatMul", ["logits", "square"], ["spare"]))
    onnx.save(model, str(paths.onnx("demo")))
    paths.capacity("demo").mkdir(parents=True)
    shutil.copy(paths.quantized("demo"), paths.capacity("demo") / "0-1_min_count2.onnx")
    tfidf, folder, draws = linear.Tfidf(linear.Vectorizer(1, 3)), paths.baseline("demo"), np.random.default_rng(0)
    features = tfidf.fit(texts)
    tfidf.save(folder)
    linear.save_weights(
        folder / "linear.safetensors", linear.Weights(draws.normal(size=(features.shape[1], 5)), np.zeros(5))
    )
    standard = linear.Standard(np.zeros(tiny.WIDTH), np.ones(tiny.WIDTH))
    linear.save_weights(
        folder / "probe.safetensors", linear.Weights(draws.normal(size=(tiny.WIDTH, 5)), np.zeros(5)), standard
    )
    write_json(paths.soft("demo") / "ensemble.json", {"weights": WEIGHTS})
