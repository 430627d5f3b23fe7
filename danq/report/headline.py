"""What a run comes to: what was run, whether its networks have learnt, and what it can say.

Whether they have learnt, and the verdict on the recurrent layer with what it lacks, are the last
lines of danq report and of the whole workflow; a program finds all in results.json.
"""

import json
from typing import Any, NamedTuple

import numpy as np

from danq.files import PathLike, write_text
from danq.report.findings.claim import claim
from danq.report.findings.health import health_results
from danq.report.findings.scores import Learnt, learnt
from danq.report.findings.variants import variant_results
from danq.report.run import Run
from danq.report.run_final import FinalModel
from danq.report.sentences import learnt_sentence, summary
from danq.report.verdict_text import Gap, gaps, gaps_sentence, verdict_sentence
from danq.report.words import sentence, title


class Headline(NamedTuple):
    """What a run comes to.

    Attributes
    ----------
    run : str
        Name of the run.
    summary, learnt : str
        What was run, and whether the networks have learnt, a line each.
    verdict : str
        What the recurrent layer adds, or that this run cannot say, with what is missing: a line.
    conclusion : str
        The same in a word, see `danq.report.findings.claim.conclude`; empty where the run has not
        earned it, or has too few seeds for more than these trained networks.
    missing : list of danq.report.verdict_text.Gap
        What the run lacks for a firmer verdict, and what to run.
    mean_auprc : dict of str to float or None
        Mean test AUPRC of each predictor over the targets on which it is defined, by its name; None
        where there is none.
    compared : list of danq.report.findings.scores.Learnt
        Each network against the strongest baseline of each target.
    health : dict of str to list of dict
        The checks of each model's trainings, see `danq.report.findings.health.health_results`.
    final : list of danq.report.run_final.FinalModel
        Models that were trained once more, on everything; no number here is about them.
    variants : list of dict
        What labelled variants say, see `danq.report.findings.variants.variant_results`.
    """

    run: str
    summary: str
    learnt: str
    verdict: str
    conclusion: str
    missing: list[Gap]
    mean_auprc: dict[str, float | None]
    compared: list[Learnt]
    health: dict[str, list[dict[str, Any]]]
    final: list[FinalModel]
    variants: list[dict[str, Any]]


def headline(run: Run) -> Headline:
    """Return what a run comes to."""
    compared = learnt(run)
    found = claim(run)
    means = run.scores("auprc").mean()
    mean_auprc = {name: float(mean) if np.isfinite(mean) else None for name, mean in means.items()}
    return Headline(
        run=run.name,
        summary=summary(run),
        learnt=learnt_sentence(compared),
        verdict=sentence(verdict_sentence(found), gaps_sentence(found)),
        conclusion="" if found.few_seeds or not found.earned else found.conclusion,
        missing=gaps(found),
        mean_auprc=mean_auprc,
        compared=compared,
        health=health_results(run),
        final=run.final,
        variants=variant_results(run.variants),
    )


def write_results(path: PathLike, head: Headline) -> None:
    """Write what a run comes to as JSON.

    Parameters
    ----------
    path : path
        The file to write.
    head : Headline
        Its fields become keys; of each network, the values of `Learnt` and whether it has learnt;
        of each gap, what is missing and what to run; of each final model, the values of
        `danq.report.run_final.FinalModel`.
    """
    content = head._asdict()
    content["missing"] = [gap._asdict() for gap in head.missing]
    content["final"] = [model._asdict() for model in head.final]
    content["compared"] = [_plain(network) for network in head.compared]
    write_text(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def _plain(network: Learnt) -> dict[str, Any]:
    """Return a network's comparison with the baselines as plain values by name."""
    name = title(network.network)
    return {**network._asdict(), "title": name, "has_learnt": network.has_learnt}
