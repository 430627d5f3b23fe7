import subprocess
import sys

import pytest

from danq.errors import DanqError
from danq.start import init, run, shipped
from tests.conftest import refuse


def test_a_new_folder_has_what_a_run_starts_from(tmp_path, capsys):
    init(str(tmp_path / "study"))
    names = {path.name for path in (tmp_path / "study").iterdir()}
    assert names == {"Snakefile", "config.yaml", "targets.tsv", "notebooks", "profiles"}
    config = (tmp_path / "study/config.yaml").read_text()
    assert config == shipped("config.yaml").read_text()
    assert f"cd {tmp_path}/study && danq run" in capsys.readouterr().out


def test_nothing_is_replaced(tmp_path):
    (tmp_path / "targets.tsv").write_text("mine")
    message = f"{tmp_path}/targets.tsv: is there already; name a new folder"
    refuse(message, init, str(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["targets.tsv"]


@pytest.mark.workflow
def test_a_new_folder_plans_the_whole_run_and_passes_options_on(tmp_path):
    init(str(tmp_path))
    command = [
        sys.executable,
        "-m",
        "danq",
        "run",
        "-n",
        "--cores",
        "1",
        "--",
        "--until",
        "simulate",
    ]
    answer = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    assert "Simulate a genome" in answer.stdout + answer.stderr
    assert "Train danq" not in answer.stdout + answer.stderr


def test_a_run_needs_a_snakefile_and_a_profile_that_is_there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    options = {"cores": "1", "dry_run": True, "configfile": [], "options": []}
    with pytest.raises(DanqError, match="danq init FOLDER"):
        run(profile=None, **options)
    (tmp_path / "Snakefile").touch()
    with pytest.raises(DanqError, match="danq has cluster-generic, default, kubernetes, slurm"):
        run(profile="slrm", **options)
