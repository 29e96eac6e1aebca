"""The runtimes that open a bundle, as they are: each gives golden.json's ids, logits and answers, from the folder alone."""

import json
import re
import shutil
import subprocess
import sys

import numpy as np
import onnxruntime
import pytest
import students
from graph import ROOT
from shell import run
from tokenizers import Tokenizer
from transformers import AutoConfig, AutoTokenizer

from benchmarks import consumers
from decant import decision
from decant.errors import InstallError
from decant.heads import probabilities
from decant.runtime import Bundle

# How far a logit may be off. onnxruntime and onnxruntime-node have the same kernels; WebAssembly has others, which sum
# in another order, and a rounding that tips moves an activation by one int8 step.
CONSUMERS = {
    "optimum": (consumers.with_optimum, 1e-5),
    "transformers.js": (consumers.with_transformers_js, 1e-5),
    "tokenizers.js, node": (lambda folder, texts: consumers.with_tokenizers_js(folder, texts, "node"), 1e-5),
    "tokenizers.js, web": (lambda folder, texts: consumers.with_tokenizers_js(folder, texts, "web"), 0.1),
}
BLOCKS = re.findall(
    r"^```(python|python optimum|js)\n(.*?)^```",
    (ROOT / "docs/consumers.md").read_text(encoding="utf-8"),
    flags=re.MULTILINE | re.DOTALL,
)


@pytest.fixture(scope="module")
def folder(texts, tmp_path_factory):
    """A bundle with a BERT of three layers; no test may change it."""
    workspace = tmp_path_factory.mktemp("consumers")
    (workspace / "params.yaml").write_bytes((ROOT / "params.yaml").read_bytes())
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(workspace)
        return students.write_bundle(workspace, texts)


@pytest.fixture(scope="module")
def golden(folder):
    """The golden texts that tokenizer.json cleans alone as our code does; one or two of sixty need our code."""
    every = json.loads((folder / "golden.json").read_text(encoding="utf-8"))["texts"]
    found = [one for one in every if one["alone"]]
    assert len(found) >= 50
    assert len({str(one["answer"]) for one in found}) > 1
    assert any(len(one["ids"]) == students.LENGTH for one in found)
    return found


@pytest.fixture
def copy(folder, tmp_path):
    """The bundle as `bundle` in a folder of its own, to be changed or read by the document's blocks."""
    shutil.copytree(folder, tmp_path / "bundle")
    return tmp_path / "bundle"


def texts_of(golden):
    return [one["text"] for one in golden]


def same(golden, given, tolerance):
    """Ids are equal, and no logit is farther off than tolerance."""
    assert [one["ids"] for one in given] == [one["ids"] for one in golden]
    wanted, found = (np.array([one["logits"] for one in rows]) for rows in (golden, given))
    assert np.abs(wanted - found).max() <= tolerance


def answers(folder, rows):
    """What the bundle's rule makes of logits."""
    bundle = Bundle(folder)
    chances = probabilities(np.array([row["logits"] for row in rows]), bundle.heads)
    held = decision.decide(bundle.rule, bundle.heads, chances, bundle.thresholds)
    return [bundle.classes_[int(np.argmax(row))] for row in held]


def test_onnxruntime_by_hand_gives_the_golden_ids_and_logits(folder, golden):
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_truncation(students.LENGTH)
    session = onnxruntime.InferenceSession(
        str(folder / "onnx/model_quantized.onnx"), providers=["CPUExecutionProvider"]
    )
    given = []
    for text in texts_of(golden):
        ids = np.array([tokenizer.encode(text).ids])
        logits = session.run(["logits"], {"input_ids": ids, "attention_mask": np.ones_like(ids)})[0][0]
        given.append({"ids": ids[0].tolist(), "logits": logits.tolist()})
    same(golden, given, 1e-5)


def test_transformers_5_reads_tokenizer_and_config(folder, golden):
    tokenizer, config = AutoTokenizer.from_pretrained(folder), AutoConfig.from_pretrained(folder)
    assert [tokenizer(text, truncation=True)["input_ids"] for text in texts_of(golden)] == [
        one["ids"] for one in golden
    ]
    assert list(config.id2label.values()) == ["honest", "scam", "crypto", "money", "urgency"]
    assert (config.model_type, config.problem_type) == ("bert", "multi_label_classification")


@pytest.mark.parametrize("name", CONSUMERS)
def test_a_consumer_gives_the_golden_ids_logits_and_answers(folder, golden, name):
    ask, tolerance = CONSUMERS[name]
    given = ask(folder, texts_of(golden))
    same(golden, given, tolerance)
    assert answers(folder, given) == [one["answer"] for one in golden]


def test_another_model_is_seen(copy, golden):
    planted = json.loads((copy / "tokenizer.json").read_text(encoding="utf-8"))
    vocabulary = planted["model"]["vocab"]
    vocabulary["the"], vocabulary["a"] = vocabulary["a"], vocabulary["the"]
    (copy / "tokenizer.json").write_text(json.dumps(planted), encoding="utf-8")
    with pytest.raises(AssertionError):
        same(golden, consumers.with_tokenizers_js(copy, texts_of(golden), "node"), 1e-5)


def test_the_tokenizer_class_that_only_transformers_5_knows_stops_transformers_4(copy):
    opens = "from transformers import AutoTokenizer; AutoTokenizer.from_pretrained('bundle')"
    command = [str(consumers.optimum()), "-c", opens]
    without_torch = {"USE_TORCH": "NO"}  # its import takes longer than all the rest
    run(copy.parent, *command, environment=without_torch)
    file = copy / "tokenizer_config.json"
    file.write_text(file.read_text(encoding="utf-8").replace("PreTrainedTokenizerFast", "TokenizersBackend"))
    stopped = run(copy.parent, *command, check=False, environment=without_torch)
    assert "Tokenizer class TokenizersBackend does not exist" in stopped.stderr


def test_a_script_that_fails_is_named(copy):
    (copy / "config.json").unlink()
    with pytest.raises(InstallError, match=r"with_transformers\.mjs: ended with 1"):
        consumers.with_transformers_js(copy, ["ok"])


def test_the_truncation_of_transformers_js_drops_the_last_token_so_it_is_done_by_hand(folder, tmp_path):
    script = f"""
        import {{ AutoTokenizer, env }} from "@huggingface/transformers";
        env.localModelPath = {json.dumps(str(folder.parent))};
        const tokenizer = await AutoTokenizer.from_pretrained("{folder.name}", {{ local_files_only: true }});
        const {{ input_ids }} = tokenizer("a ".repeat(200), {{ truncation: true }});
        console.log(JSON.stringify([...input_ids.data].map(Number)));"""
    ids = json.loads(run_block("js", script, tmp_path))
    ends = AutoTokenizer.from_pretrained(folder).sep_token_id
    assert len(ids) == students.LENGTH
    assert ends not in ids
    given = consumers.with_transformers_js(folder, ["a " * 200])[0]["ids"]
    assert given[: students.LENGTH - 1] == ids[:-1]
    assert given[-1] == ends


@pytest.mark.parametrize("index", range(len(BLOCKS)))
def test_the_blocks_of_the_document_print_the_logits_or_their_probabilities(copy, index):
    kind, block = BLOCKS[index]
    printed = json.loads(run_block(kind, block, copy.parent))
    wanted = Bundle(copy).logits(["claim your free airdrop"])[0]
    if isinstance(printed, dict):  # of the pipeline: by name
        names = AutoConfig.from_pretrained(copy).id2label.values()
        printed, wanted = [printed[name] for name in names], 1 / (1 + np.exp(-wanted))
    np.testing.assert_allclose(printed, wanted, atol=1e-4)


def test_the_document_has_a_block_per_consumer():
    assert [kind for kind, _ in BLOCKS] == ["python", "python optimum", "js", "js"]


def run_block(kind, block, folder):
    """What a block of the document prints, run in `folder`."""
    if kind == "js":
        (folder / "node_modules").symlink_to(consumers.PACKAGES)
        (folder / "block.mjs").write_text(block, encoding="utf-8")
        command = [consumers.node(), "block.mjs"]
    else:
        command = [consumers.optimum() if kind == "python optimum" else sys.executable, "-c", block]
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
    assert ended.returncode == 0, ended.stderr[-2000:]
    return ended.stdout
