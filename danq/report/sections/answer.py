"""The first screen: what the recurrent layer adds, in one sentence, with what supports it."""

from danq.plotting.svg import interval_svg
from danq.report import sentences
from danq.report.findings.claim import claim
from danq.report.findings.pairs import verdict
from danq.report.findings.scores import beaten_networks, learnt, ranked_networks
from danq.report.findings.where import where
from danq.report.page import Card, Section
from danq.report.run import Run
from danq.report.run_scores import Pair
from danq.report.sections.pieces import bound
from danq.report.verdict_text import (
    gaps_sentence,
    interval_sentence,
    verdict_sentence,
    where_sentence,
)
from danq.report.words import interval, listed, number, signed, title, versus

CHIPS = {
    "above": "higher",
    "below": "lower",
    "around": "no difference detected",
    "": "no interval",
}
"""A verdict in words."""


def answer(run: Run) -> Section:
    """Answer the question: the first screen of the report."""
    pairs = run.main_pairs()
    scores = run.scores("auprc")
    found = claim(run)
    told = found.twins.local + found.twins.reach
    text = [where_sentence(pair, where(run, pair)) for pair in told]
    text += [sentences.pair_paragraph(pair, run.metrics) for pair in pairs]
    text.append(interval_sentence(pairs))
    labels = run.targets["label"]
    compared = learnt(run)
    verdict_on_learning = sentences.learnt_sentence(compared) if run.baselines else ""
    have_learnt = all(network.has_learnt for network in compared)
    losses = sentences.loss_sentences(scores, labels, run.networks, run.baselines)
    cautions = [
        gaps_sentence(found),
        "" if have_learnt else verdict_on_learning,
        sentences.single_seed_sentence(run.trained),
        sentences.undertrained_sentence(run.trained),
        sentences.na_sentence(run.targets, scores[run.networks]),
    ]
    return Section(
        anchor="answer",
        title="The answer",
        lead=verdict_sentence(found),
        text=text,
        cards=[*map(pair_card, pairs), *score_cards(run)],
        points=[verdict_on_learning, *losses] if have_learnt else losses,
        cautions=cautions,
    )


def pair_card(pair: Pair) -> Card:
    """Return the mean difference of two models as a headline number."""
    value, low, high = pair.mean[["difference", "low", "high"]]
    side = verdict(low, high)
    limit = bound(pair.mean.to_frame().T)
    svg = interval_svg(value, low, high, limit)
    counts = sentences.tally(pair)
    return Card(
        label=f"{versus(pair)}, mean AUPRC",
        value=signed(value),
        detail=interval(low, high, pair.covers),
        foot=counts,
        mark=side,
        chip=CHIPS[side],
        svg=svg,
    )


def score_cards(run: Run) -> list[Card]:
    """Return the best network, and how often a baseline beats all of them, as headline numbers."""
    cards = []
    means = ranked_networks(run)
    if len(means):
        texts = means.map(number)
        runners_up = [f"{title(name)} {text}" for name, text in texts.iloc[1:].items()]
        best = title(means.index[0])
        foot = " · ".join(runners_up)
        cards.append(Card("Highest mean AUPRC", texts.iloc[0], best, foot))
    if run.baselines:
        beaten = beaten_networks(run)
        count = f"{len(beaten.targets)} of {beaten.n_compared}"
        names = listed(run.targets.loc[beaten.targets, "label"], 4)
        label = "A baseline beats every network"
        cards.append(Card(label, count, "targets, by AUPRC", names))
    return cards
