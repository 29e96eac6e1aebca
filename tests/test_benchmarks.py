"""The benchmarks run; what they measure is no test's business."""

import re
import sys

from bundles import write_bundle
from graph import ROOT
from shell import run

from benchmarks import caps, data
from decant.training import precision


def test_the_data_benchmark_prints_a_line_per_stage_and_size():
    printed = run(ROOT, sys.executable, "-m", "benchmarks.data", "--rows", "1000", "2000", "--split", "2000").stdout
    assert printed.startswith("cleaning alone, on one core: ")
    rows = [line.split()[:2] for line in printed.splitlines()[3:]]
    assert rows == [["prepare", "1,000"], ["prepare", "2,000"], ["split", "2,000"]]
    assert re.fullmatch(r"split +2,000( +[\d.,]+){5}", printed.splitlines()[-1])


def test_generated_posts_are_the_same_every_time_and_all_different_in_id():
    first, second = data.posts(100, 50), data.posts(100, 50)
    assert first == second
    assert [line.split(",")[0] for line in first] == [str(number) for number in range(100, 150)]


def test_the_benchmark_of_caps_prints_a_line_per_case_and_policy():
    printed = run(ROOT, sys.executable, "-m", "benchmarks.caps", "--sets", "2").stdout.splitlines()
    assert printed[0] == "2 tunings each"
    rows = [re.fullmatch(r"(.+?)  +\d+ +0\.\d+ (.+?) +(?:[\d.]+% *){3}", line).groups() for line in printed[2:]]
    assert rows == [(case.name, policy) for case in caps.CASES for policy in caps.POLICIES]


def test_the_benchmarks_of_the_runtime_say_how_fast_and_how_large(workspace):
    bundle = str(write_bundle(workspace))
    printed = run(ROOT, sys.executable, "-m", "benchmarks.memory", str(workspace / bundle), "--calls", "50").stdout
    assert [line.split()[0] for line in printed.splitlines()] == ["calls", "0", *map(str, range(5, 55, 5))]
    command = ["-m", "benchmarks.tables", str(workspace / bundle), "--rows", "4000", "--workers", "1", "--kill"]
    lines = run(ROOT, sys.executable, *command).stdout.splitlines()
    assert lines[0].startswith("4,000 rows, ")
    assert re.fullmatch(r"[\d,]+ rows/s, [\d,]+ rows per second of processor time", lines[1])
    assert re.fullmatch(r"killed after [2-4],000 rows and resumed: the same bytes", lines[3])


def test_the_benchmark_of_devices_prints_a_line_per_device_and_precision(road):
    command = ["-m", "benchmarks.devices", "--task", "demo", "--encoder", "tiny", "--rows", "64", "--devices", "cpu"]
    lines = re.findall(r"^\|.*", run(road, sys.executable, *command).stdout, re.MULTILINE)
    pattern = r"\| cpu, 1 thread\(s\) \| (fp32|bf16) \| [\d,]+ \| [\d,]+ \| yes \| [\d.e+-]+, [\d.e+-]+ \|"
    kinds = [re.fullmatch(pattern, line)[1] for line in lines[2:]]
    assert kinds == list(dict.fromkeys(("fp32", precision.resolved("auto"))))
    assert lines[2].endswith("| 0.0e+00, 0.0e+00 |")
