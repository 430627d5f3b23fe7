"""benchmarks/gpu.py runs where it can, refuses where it cannot, and outlives a part that fails."""

import importlib.util
import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

SCRIPT = Path(__file__).parent.parent / "benchmarks" / "gpu.py"


@pytest.fixture(scope="module")
def gpu():
    """Return the script as a module."""
    spec = importlib.util.spec_from_file_location("gpu_benchmark", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look for it there
    spec.loader.exec_module(module)
    return module


def run(*arguments):
    command = [sys.executable, str(SCRIPT), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_all_that_a_cpu_can_do_runs_at_toy_size(gpu, tmp_path):
    output = tmp_path / "gpu.json"
    result = run("--device", "cpu", "--quick", "--json", str(output))
    assert result.returncode == 0, result.stderr
    content = json.loads(output.read_text())
    rows = {part: [] for part in ("machine", "check", "limits", "bounds", "train", "ratios")}
    for row in content["rows"]:
        rows[row["part"]].append(row)
    assert rows["machine"][0]["quick"]
    assert [row["verdict"] for row in rows["check"]] == ["ok"] * 4
    assert len(rows["limits"]) == 3 and len(rows["bounds"]) == 2
    expected = [
        (model, *way) for way in gpu.WAYS for model in gpu.MODELS if way.mode not in gpu.ONLY_CUDA
    ]
    measured = [(row["model"], row["loop"], row["mode"], row["precision"]) for row in rows["train"]]
    assert measured == expected
    for row in rows["train"]:
        assert 0 < row["lowest"] <= row["windows_per_s"] <= row["highest"]
        assert 0 <= row["loading"] <= 1 and row["of_limit"] > 0
    assert len(rows["ratios"]) == 4
    reasons = {part["reason"] for part in content["not_measured"]}
    assert reasons == {"CUDA graphs need a GPU of NVIDIA's"}


@pytest.mark.skipif(torch.cuda.is_available(), reason="a GPU is here")
@pytest.mark.parametrize(
    ("arguments", "reason"),
    [((), "PyTorch sees no GPU here"), (("--device", "cpu"), "the published sizes are for a GPU")],
)
def test_what_cannot_be_measured_is_refused_in_one_line(arguments, reason):
    result = run(*arguments)
    assert result.returncode == 1 and result.stdout == ""
    assert reason in result.stderr and result.stderr.count("\n") == 1


def test_a_part_that_fails_is_reported_and_the_next_one_runs(gpu, capsys):
    seconds = []

    def fail(share):
        raise RuntimeError("no kernel image\nand more")

    bench = gpu.Bench(torch.device("cpu"), gpu.TOY, time.monotonic() + 100, quick=True)
    gpu.run_all(bench, [gpu.Part("first", fail), gpu.Part("second", seconds.append)])
    assert bench.not_measured == [{"part": "first", "reason": "RuntimeError: no kernel image"}]
    assert len(seconds) == 1 and seconds[0] <= gpu.MOST
    assert capsys.readouterr().out.count("\n") == 1


def test_parts_for_which_no_time_is_left_say_so(gpu):
    bench = gpu.Bench(torch.device("cpu"), gpu.TOY, time.monotonic(), quick=True)
    gpu.run_all(bench, [gpu.Part("late", pytest.fail)])
    assert "no time was left" in bench.not_measured[0]["reason"]


@pytest.mark.parametrize(
    ("model", "multiply_adds", "first"),
    [
        # The first layer: positions, filters, weights of a filter.
        ("danq", 200_578_075, 975 * 320 * 26 * 4),
        (
            "deepsea",
            993 * 320 * 32 + 241 * 480 * 2560 + 53 * 960 * 3840 + 50_880 * 925 + 925 * 919,
            993 * 320 * 8 * 4,
        ),
    ],
)
def test_training_costs_three_passes_but_for_the_gradient_of_the_data(
    gpu, model, multiply_adds, first
):
    bench = gpu.Bench(torch.device("cpu"), gpu.FULL, 0.0, quick=False)
    expected = 2 * 3 * multiply_adds - 2 * first
    assert gpu.training_flop(bench.network(model), 1000) == expected


def test_wrong_numbers_are_told(gpu, monkeypatch, capsys):
    bench = gpu.Bench(torch.device("cpu"), gpu.TOY, 0.0, quick=True)
    monkeypatch.setattr(gpu, "TOLERANCES", {"float32": -1.0})
    gpu.check(bench, "danq", 1.0)
    assert bench.rows[0]["verdict"] == "WRONG" and "WRONG" in capsys.readouterr().out
