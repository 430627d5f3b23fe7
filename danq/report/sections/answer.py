"""The first screen: what the recurrent layer adds, in one sentence, with what supports it."""

from danq.report import sentences
from danq.report.findings.claim import claim
from danq.report.findings.grammar import rule_effects
from danq.report.findings.scores import beaten_networks, learnt, ranked_networks
from danq.report.findings.where import where
from danq.report.forest import main_forest
from danq.report.opening_text import looks_sentence, opening_sentence, rules_sentence
from danq.report.page import Card, Fold, Section
from danq.report.run import Run
from danq.report.run_scores import Pair
from danq.report.sections.rules import rules_table
from danq.report.verdict_text import (
    gaps_sentence,
    interval_sentence,
    verdict_sentence,
    where_sentence,
)
from danq.report.words import listed, number, title

MOST_FORESTS = 3
"""Comparisons drawn on the first screen, at most."""


def answer(run: Run) -> Section:
    """Answer the question: the first screen of the report."""
    pairs = run.main_pairs()
    found = claim(run)
    opening = opening_sentence(found, planted=run.planted)
    verdict = verdict_sentence(found)
    told = found.twins.local + found.twins.reach
    told_models = list(dict.fromkeys(name for pair in told for name in pair.models))
    text = [verdict] if opening else []
    text.append(rules_sentence(rule_effects(run), told_models))
    compared = learnt(run)
    verdict_on_learning = sentences.learnt_sentence(compared) if run.baselines else ""
    have_learnt = all(network.has_learnt for network in compared)
    cautions = [
        gaps_sentence(found),
        "" if have_learnt else verdict_on_learning,
        sentences.single_seed_sentence(run.trained),
        sentences.undertrained_sentence(run.trained),
        sentences.na_sentence(run.targets, run.scores("auprc")[run.networks]),
    ]
    drawn = {pair.models: pair for pair in [*told, *pairs]}
    forests = [main_forest(run, pair) for pair in list(drawn.values())[:MOST_FORESTS]]
    return Section(
        anchor="answer",
        title="The answer",
        lead=opening or verdict,
        overview=[forest for forest in forests if forest is not None],
        text=[paragraph for paragraph in text if paragraph],
        cards=score_cards(run),
        points=[verdict_on_learning] if have_learnt and verdict_on_learning else [],
        cautions=cautions,
        tables=[rules_table(run)],
        folds=[_in_detail(run, pairs, told), _against_baselines(run)],
    )


def _in_detail(run: Run, pairs: list[Pair], twins: list[Pair]) -> Fold:
    """Return everything that each comparison found, and what its intervals cover."""
    paragraphs = [where_sentence(pair, where(run, pair)) for pair in twins]
    paragraphs += [sentences.pair_paragraph(pair, run.metrics) for pair in pairs]
    covers = [interval_sentence(pairs), looks_sentence(pairs)]
    return Fold("Each comparison in words", text=[*paragraphs, *covers])


def _against_baselines(run: Run) -> Fold:
    """Return on which targets each network is below a baseline."""
    labels = run.targets["label"]
    points = sentences.loss_sentences(run.scores("auprc"), labels, run.networks, run.baselines)
    return Fold("Networks and baselines, target by target", points=points)


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
