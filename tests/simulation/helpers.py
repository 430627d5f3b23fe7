"""What the tests of a simulation share."""

import pandas as pd


def site_table(*rows):
    """Sites from (factor, start, strand), 10 bp each unless an end is given, on chr1."""
    frame = pd.DataFrame(
        [(*row, row[1] + 10)[:4] for row in rows], columns=["factor", "start", "strand", "end"]
    )
    return frame.assign(chrom="chr1").sort_values("start", ignore_index=True)
