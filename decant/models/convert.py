"""convert: make a published checkpoint with a pickle into a folder that the encoder stage reads.

python -m decant.models.convert models/hub/bert_mini bert

No stage opens a pickle. This command does, once and because a person asks for it, with torch's weights_only, which
builds tensors and runs nothing else. It adds what the folder lacks and leaves alone what is there: model.safetensors,
model_type in config.json, and tokenizer.json, which old checkpoints have as a bare vocabulary. Last it loads the
folder as the stage does, and prints the lines for params.yaml.
"""

import shutil
import tempfile
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import AutoTokenizer

from decant import stage
from decant.errors import EncoderError
from decant.files import digest, read_json, write_json, writing
from decant.models.encoder import WEIGHTS, check_vocabulary, load_tokenizer, load_weights

PICKLE = "pytorch_model.bin"


def main(folder: str, model_type: str = "") -> None:
    """folder: config.json, weights and vocabulary of a checkpoint. model_type: its architecture, if config.json has none.

    Raises EncoderError: a file that is not there, not tensors, or that the encoder stage would not accept.
    """
    place = Path(folder)
    for name in ("config.json", WEIGHTS if (place / WEIGHTS).exists() else PICKLE):
        if not (place / name).exists():
            raise EncoderError(
                f"{place / name}: missing. Fetch the whole checkpoint: hf download OWNER/NAME --local-dir {folder}"
            )
    config = read_json(place / "config.json")
    if "model_type" not in config and not model_type:
        raise EncoderError(
            f"{place}/config.json: names no model_type; say it: python -m decant.models.convert {folder} bert"
        )
    if not (place / WEIGHTS).exists():
        tensors = read_pickle(place / PICKLE)
        with writing(place / WEIGHTS) as partial:
            save_file(tensors, partial, metadata={"format": "pt"})
    if "model_type" not in config:
        write_json(place / "config.json", {"model_type": model_type} | config)
    if not (place / "tokenizer.json").exists():
        write_tokenizer(place, config["vocab_size"])
    rows = load_weights(place).get_input_embeddings().num_embeddings
    check_vocabulary(load_tokenizer(place), rows, str(place))
    print(f"    sources: [folder:{folder}]\n    sha256: {digest(place / WEIGHTS)}\n    vocab_size: {rows}")


def read_pickle(file: Path) -> dict[str, torch.Tensor]:
    """The tensors of a state dict, each with memory of its own: safetensors stores no tensor twice."""
    try:
        state = torch.load(file, map_location="cpu", weights_only=True)
    except (torch.serialization.pickle.UnpicklingError, RuntimeError) as error:
        raise EncoderError(f"{file}: not a file of tensors alone ({str(error).splitlines()[0]})") from None
    if not isinstance(state, dict) or not all(isinstance(tensor, torch.Tensor) for tensor in state.values()):
        raise EncoderError(f"{file}: not a state dict, which is names with one tensor each")
    return {name: tensor.clone().contiguous() for name, tensor in state.items()}


def write_tokenizer(folder: Path, size: int) -> None:
    """tokenizer.json and its config from vocab.txt (WordPiece), or vocab.json and merges.txt (BPE), of `size` entries."""
    if not (folder / "vocab.txt").exists() and not (folder / "vocab.json").exists():
        raise EncoderError(f"{folder}: neither tokenizer.json nor vocab.txt nor vocab.json; fetch the vocabulary too")
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    check_vocabulary(tokenizer, size, f"{folder}: made of its vocabulary")
    with tempfile.TemporaryDirectory() as made:
        tokenizer.save_pretrained(made)
        for name in ("tokenizer.json", "tokenizer_config.json"):
            shutil.copy(Path(made) / name, folder / name)


if __name__ == "__main__":
    stage.run(main)
