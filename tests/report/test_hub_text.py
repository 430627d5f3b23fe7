"""Names and labels of a hub, of targets that may be called anything."""

import re

from hypothesis import given
from hypothesis import strategies as st

from danq.plotting.style import Style
from danq.report import hub_text as s

NAMES = st.lists(st.text(min_size=0, max_size=90), min_size=1, max_size=4)


def tracks(names):
    style = Style("#0072B2", "o")
    models = [s.ModelTrack("genome", "danq", "DanQ", "../genome/danq/tracks/a.bw", style)]
    return [s.TargetTracks(i, name, name, "peaks/a.bb", models) for i, name in enumerate(names)]


@given(NAMES)
def test_no_name_can_end_a_line_a_stanza_or_a_label(names):
    stanzas = s.track_text(tracks(names)).split("\n\n")
    assert len(stanzas) == 4 * len(names)
    found = []
    for stanza in stanzas:
        lines = stanza.strip("\n").split("\n")
        assert lines[0].startswith("track ") and len(lines) >= 4
        found.append(lines[0].removeprefix("track "))
        for line in lines:
            assert re.fullmatch(r"[A-Za-z]+ [^<>&\"'\x00-\x1f]+", line)
    assert len(set(found)) == len(found)
    assert all(re.fullmatch(r"t[0-9]+_[A-Za-z0-9_]*", name) for name in found)


@given(st.text(max_size=90), st.text(max_size=90))
def test_a_hub_has_its_five_settings_whatever_its_names(name, description):
    lines = s.hub_text(name, "a@b.org").splitlines()
    keys = ["hub", "shortLabel", "longLabel", "genomesFile", "email"]
    assert [line.split(" ")[0] for line in lines] == keys and " " not in lines[0][4:]
    lines = s.genomes_text(s.Assembly("danq_x", description, False, "chr1:1-9")).splitlines()
    assert len(lines) == 7 and lines[0] == "genome danq_x"


def test_the_first_targets_are_shown_and_the_others_listed():
    text = s.track_text(tracks([f"t{number}" for number in range(s.SHOWN + 3)]))
    assert text.count("superTrack on show\n") == s.SHOWN
    assert text.count("superTrack on hide\n") == 3


def test_a_target_without_peaks_has_models_alone():
    (target,) = tracks(["a"])
    assert "bigBed" not in s.track_text([target._replace(peaks=None)])


def test_inputs_and_models_of_one_word_have_tracks_of_their_own():
    (target,) = tracks(["a"])
    model = target.models[0]
    inputs = ["peaks", "a.b", "a_b", "a-b"]
    models = [model._replace(input=name, model=own) for name in inputs for own in ("m.1", "m_1")]
    lines = s.track_text([target._replace(models=models)]).splitlines()
    names = [line.removeprefix("track ") for line in lines if line.startswith("track ")]
    # The target, its peaks, and for each input a container with two models.
    assert len(names) == len(set(names)) == 2 + 3 * len(inputs)
    parents = {line.removeprefix("parent ") for line in lines if line.startswith("parent ")}
    assert parents <= set(names)
