from danq.data.dataset import open_dataset
from danq.evaluation.oracles import oracle_scores
from danq.records import Made, record_text


def test_oracles_measure_the_share_of_a_bin(toy_dataset, tmp_path):
    record_text(
        tmp_path / "elements.tsv",
        "chrom\tstart\tend\ttarget\tkind\nchr3\t450\t650\t0\tpositive\n"
        "chr3\t600\t640\t0\tdecoy\nchr1\t0\t900\t1\tdecoy\n",
        Made("simulate"),
    )
    shares = {}
    with open_dataset(toy_dataset) as data:
        starts = data.positions("test")[1] + 100
        for kind in ("oracle_rule", "oracle_parts"):
            scores = oracle_scores(data, tmp_path / "elements.tsv", kind)
            assert scores[:, 1].sum() == 0
            shares[kind] = dict(zip(starts.tolist(), scores[:, 0].tolist(), strict=True))
    # The bins at 400 and 600 hold 150 and 50 bp of the element; the decoy lies inside it.
    assert shares["oracle_rule"][400] == 0.75 and shares["oracle_rule"][600] == 0.25
    assert shares["oracle_parts"] == shares["oracle_rule"]
