"""What jobs took, read back."""

import numpy as np
import pytest

from danq.report.run_steps import read_commands, read_steps


def test_commands_are_in_the_order_of_a_run(tmp_path):
    heads = {"a": "$ danq evaluate --x 1", "b": "$ danq train --y 2", "c": "no command", "d": ""}
    for name, head in heads.items():
        (tmp_path / f"{name}.log").write_text(f"{head}\nmore\n" if head else "")
    assert read_commands(tmp_path) == ["danq train --y 2", "danq evaluate --x 1"]


def test_what_a_job_took_and_had_requested(tmp_path):
    header = "s\tcpu_time\tmax_rss\tthreads\tresources\n"
    (tmp_path / "evaluate.tsv").write_text(f"{header}7.5\t-\t120\t2\tNA\n")
    resources = "{'runtime': 60, 'mem_mb': 500, 'gpu': 1}"
    (tmp_path / "train_danq_seed0.tsv").write_text(f"{header}90\t80\t300\t1\t{resources}\n")
    steps = read_steps(tmp_path)
    assert steps["step"].tolist() == ["train_danq_seed0", "evaluate"]
    train, evaluate = steps.itertuples(index=False)
    assert tuple(train)[1:] == (90, 80, 300, 3600, 500, 1, 1)
    assert evaluate.seconds == 7.5 and np.isnan(evaluate.cpu_seconds)
    assert np.isnan([evaluate.requested_seconds, evaluate.gpus]).all()


def test_a_run_without_benchmarks_has_no_steps(tmp_path):
    assert read_steps(tmp_path / "benchmarks").empty and read_commands(tmp_path / "logs") == []


@pytest.mark.parametrize(
    "content", [b"", b"\n", b"s\n", b"\xff\xfe\n1\n", b'"\n"', b"a\tb\n1\t2\t3\n"]
)
def test_a_damaged_benchmark_file_says_nothing(tmp_path, content):
    (tmp_path / "evaluate.tsv").write_bytes(content)
    row = read_steps(tmp_path).iloc[0]
    assert row["step"] == "evaluate" and row.drop("step").isna().all()
