"""What the shipped classifier is made of: numpy, onnxruntime, tokenizers and ftfy only."""
