import os

from danq.finish import Step, failures, times_by_step, times_line


def measured(folder, name, rule, seconds, age=0.0):
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}.tsv"
    path.write_text(f"s\trule_name\n{seconds}\t{rule}\n")
    os.utime(path, (1000 - age, 1000 - age))


def test_times_add_up_by_rule_and_leave_out_earlier_runs(tmp_path):
    measured(tmp_path / "b", "train_danq_seed0", "train", 100.5)
    measured(tmp_path / "b", "train_danq_seed1", "train", 20.0)
    measured(tmp_path / "b", "report", "report", 300)
    measured(tmp_path / "b", "extract", "extract", 9999, age=600)
    steps = times_by_step(tmp_path / "b", 900)
    assert steps == [Step("report", 1, 300.0), Step("train", 2, 120.5)]
    assert times_line(steps) == "report 5 min 0 s, train 2 min 0 s (2 jobs)"
    assert times_by_step(tmp_path / "none", 0) == []


def test_times_without_names_of_rules_are_left_out(tmp_path):
    (tmp_path / "train.tsv").write_text("s\th:m:s\n4.5\t0:00:04\n")
    assert times_by_step(tmp_path, 0) == []


def test_what_danq_said_of_failed_jobs_is_repeated(tmp_path):
    (tmp_path / "a.log").write_text("danq: early\nwork\ndanq: first\ndanq: second\n")
    (tmp_path / "b.log").write_text("Traceback\n")
    other = tmp_path / "other.log"
    other.write_text("danq: of a job that did not fail\n")
    snakemake_log = tmp_path / "snakemake.log"
    failed = [tmp_path / "a.log", tmp_path / "b.log", tmp_path / "gone.log", tmp_path / "a.log"]
    text = "".join(
        f"Error in rule x:\n    log: {path} (check log file(s) for error details)\n"
        for path in failed
    )
    snakemake_log.write_text(f"rule y:\n    log: {other}\n{text}")
    log = tmp_path / "a.log"
    assert failures([snakemake_log]) == [f"{log}: danq: first", f"{log}: danq: second"]
