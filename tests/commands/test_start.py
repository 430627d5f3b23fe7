from danq.cli import build_parser


def test_what_stands_behind_two_dashes_is_for_snakemake():
    words = ["run", "--profile", "slurm", "--", "--keep-going", "-n"]
    options = build_parser().parse_args(words)
    assert options.options == ["--keep-going", "-n"] and not options.dry_run
