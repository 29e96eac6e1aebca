"""Optimum over a bundle: reads {folder, file, texts} as JSON on standard input, writes [{ids, logits}], one text at a time.

Runs in .venv/optimum, so it imports nothing of ours.
"""

import json
import sys

from optimum.onnxruntime import ORTModelForSequenceClassification
from transformers import AutoTokenizer

asked = json.load(sys.stdin)
tokenizer = AutoTokenizer.from_pretrained(asked["folder"])
model = ORTModelForSequenceClassification.from_pretrained(asked["folder"], subfolder="onnx", file_name=asked["file"])
given = []
for text in asked["texts"]:
    row = tokenizer(text, truncation=True, return_tensors="pt")
    given.append({"ids": row["input_ids"][0].tolist(), "logits": model(**row).logits[0].tolist()})
json.dump(given, sys.stdout)
