"""How a made-up run was made."""

from danq import read_run
from danq.report.findings import jobs as j
from tests.report.toy_run import write_run


def test_machines_software_and_input_files(tmp_path):
    run = read_run(write_run(tmp_path / "run"))
    machines = j.machines(run.trained)
    assert machines["parameters"].tolist() == [925_120] * 3 and list(machines["seed"]) == [0] * 3
    run.trained[0].facts["versions"]["torch"] = "2.12.0"
    software = j.software(run).set_index("name")["version"]
    assert software["torch"] == "2.12.0, 2.13.0" and software.index[0] == "dataset_made_by"
    assert j.input_files(run)["role"].tolist() == ["genome", "targets"]


def test_imported_weights_were_trained_on_no_machine_of_the_run(tmp_path):
    run = read_run(write_run(tmp_path / "run"))
    model = run.trained[0].model
    run.trained[0].facts["imported"] = {"file": "w.hdf5"}
    machines = j.machines(run.trained)
    assert len(machines) == len(run.trained) - 1 and model not in set(machines["model"])
