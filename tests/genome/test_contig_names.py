"""Contigs whose names say that they repeat others, and the warning of them."""

import pytest

from danq.genome.contig_names import copies_warning, leave_out, named_as_copies


@pytest.mark.parametrize(
    "name",
    [
        "chr1_KI270762v1_alt",
        "chr1_KN196472v1_fix",
        "chr1_KI270706v1_random",
        "chr6_apd_hap1",
        "chr6_mann_hap",
        "chrUn_KI270302v1",
        "chrUn",
        "Un",
        "CHR_HSCHR6_MHC_APD_CTG1",
        "HLA-A*01:01:01:01",
        "chrUn_KN707606v1_decoy",
    ],
)
def test_a_name_of_a_copy_is_known(name):
    assert named_as_copies(["chr1", name, "chrX"]) == [name]


def test_names_of_chromosomes_and_scaffolds_are_no_copies():
    names = ["chr1", "1", "MT", "chrUnderhill", "scaffold_12", "I", "chr2L", "random", "altitude"]
    assert named_as_copies([*names, "chrY", "NC_000001.11", "contig_alternative"]) == []
    assert copies_warning(names) == ""


def test_the_warning_says_what_to_keep():
    warning = copies_warning(["chr1", "chr2", *(f"chr1_K{number}_alt" for number in range(9))])
    assert warning.startswith("9 contigs are named as copies of others ('chr1_K0_alt', ")
    assert warning.endswith("extract.chromosomes: [chr1, chr2]") and "chr1_K8_alt" not in warning
    assert copies_warning(["a_alt", "b_alt"]) == ""  # nothing would be left


def test_many_names_are_not_listed():
    assert leave_out([f"chr{number}" for number in range(90)]).endswith("extract.chromosomes")
