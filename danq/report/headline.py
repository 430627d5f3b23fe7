"""What a run comes to: what was run, whether its networks have learnt, and the numbers behind it.

That they have learnt, or have not, is the last line of danq report and of the whole workflow; a
program finds all in results.json.
"""

import json
from typing import Any, NamedTuple

import numpy as np

from danq.files import PathLike, write_text
from danq.report.findings.scores import Learnt, learnt
from danq.report.run import Run
from danq.report.sentences import learnt_sentence, summary
from danq.report.words import title


class Headline(NamedTuple):
    """What a run comes to.

    Attributes
    ----------
    run : str
        Name of the run.
    summary, learnt : str
        What was run, and whether the networks have learnt, a line each.
    mean_auprc : dict of str to float or None
        Mean test AUPRC of each predictor over the targets on which it is defined, by its name; None
        where there is none.
    compared : list of danq.report.findings.scores.Learnt
        Each network against the strongest baseline of each target.
    """

    run: str
    summary: str
    learnt: str
    mean_auprc: dict[str, float | None]
    compared: list[Learnt]


def headline(run: Run) -> Headline:
    """Return what a run comes to."""
    compared = learnt(run)
    means = run.scores("auprc").mean()
    mean_auprc = {name: float(mean) if np.isfinite(mean) else None for name, mean in means.items()}
    return Headline(run.name, summary(run), learnt_sentence(compared), mean_auprc, compared)


def write_results(path: PathLike, head: Headline) -> None:
    """Write what a run comes to as JSON.

    Parameters
    ----------
    path : path
        The file to write.
    head : Headline
        Its fields become keys; of each network, the values of `Learnt` and whether it has learnt.
    """
    content = head._asdict()
    content["compared"] = [_plain(network) for network in head.compared]
    write_text(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def _plain(network: Learnt) -> dict[str, Any]:
    """Return a network's comparison with the baselines as plain values by name."""
    name = title(network.network)
    return {**network._asdict(), "title": name, "has_learnt": network.has_learnt}
