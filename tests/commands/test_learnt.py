from danq import cli
from danq.files import read_table
from danq.motif.meme import Motif, jaspar, write_meme


def test_motifs_of_a_file_are_named_and_exported(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (ctcf,) = jaspar("JASPAR2024", names=["MA0139.2"])
    write_meme("M.meme", [Motif("M0", "O0", ctcf.matrix, 300)])
    assert cli.main(["annotate", "M.meme"]) == 0
    best = read_table("M.matches.tsv").loc[0, ["name", "match", "factor", "named"]]
    assert best.tolist() == ["M0", "MA0139.2", "CTCF", "yes"]
    assert cli.main(["export-motifs", "M.meme", "--format", "jaspar", "--output", "M.jaspar"]) == 0
    assert (tmp_path / "M.jaspar").read_text().startswith(">M0 O0\nA [")
    assert cli.main(["annotate", "gone.meme"]) == 2 and not (tmp_path / "gone.matches.tsv").exists()
    assert cli.main(["annotate", "M.meme", "--output", "M.meme"]) == 2
    assert "is both --queries and --output" in capsys.readouterr().err
    assert cli.main(["annotate", "M.meme", "--meme", "M.matches.tsv"]) == 2
    (tmp_path / "folder").mkdir()
    assert cli.main(["annotate", "M.meme", "--output", "folder"]) == 2
    assert capsys.readouterr().err.endswith("folder: --output is a folder; name a file to make\n")
    (tmp_path / "run.a.meme").write_bytes((tmp_path / "M.meme").read_bytes())
    assert cli.main(["annotate", "run.a.meme"]) == 0 and (tmp_path / "run.a.matches.tsv").exists()


def test_two_files_to_make_must_be_two(tmp_path, capsys):
    path = str(tmp_path / "a.npz")
    inputs = ["--checkpoint", "c", "--dataset", "d"]
    command = ["attribute", *inputs, "--output", "o.h5", "--npz", path, path]
    assert cli.main(command) == 2
    assert f"{path}: is --npz twice; name another file to make" in capsys.readouterr().err
