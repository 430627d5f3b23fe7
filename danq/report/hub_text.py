"""The text files of a UCSC track hub.

The settings are those of https://genome.ucsc.edu/goldenPath/help/trackDb/trackDbHub.html, the
files those of https://genome.ucsc.edu/goldenPath/help/hgTrackHubHelp.html.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from danq.files import PathLike
from danq.plotting.style import Style, shortened

HUB = "hub.txt"
SESSION = "igv_session.xml"
GENOMES = "genomes.txt"
TRACKS = "trackDb.txt"
TWO_BIT = "genome.2bit"

SHOWN = 8
"""Targets whose tracks are shown when the hub is opened; the others are listed below the tracks."""

_SHORT = 17  # characters; longer labels are cut by the browser
_LONG = 76
_INK = "34,38,43"
_MARKUP = str.maketrans("<>&\"'", "_____")


class ModelTrack(NamedTuple):
    """What a model predicts of a target.

    Attributes
    ----------
    input, model, title : str
        Name of the input, and name and title of the model.
    url : str
        Its bigWig, relative to the hub.
    style : danq.plotting.style.Style
        The model's colour.
    """

    input: str
    model: str
    title: str
    url: str
    style: Style


class TargetTracks(NamedTuple):
    """All tracks of a target.

    Attributes
    ----------
    number : int
        Place of the target in the run's table, from 0.
    name, group : str
        Of the target.
    peaks : str or None
        bigBed of the run's own peaks, relative to the hub.
    models : list of ModelTrack
        What the models predict.
    """

    number: int
    name: str
    group: str
    peaks: str | None
    models: list[ModelTrack]


class Assembly(NamedTuple):
    """The genome that tracks lie on.

    Attributes
    ----------
    name : str
        UCSC's name of it, or one of its own.
    description : str
        In words.
    hosted : bool
        Whether UCSC has it; else the hub brings its bases.
    position : str
        Where a browser opens: chrom:start-end, 1-based.
    """

    name: str
    description: str
    hosted: bool
    position: str


def is_hosted(assembly: str) -> bool:
    """Return whether an assembly has a name of UCSC's kind, and so needs no bases in a hub.

    Examples
    --------
    >>> [is_hosted(name) for name in ("hg38", "sacCer3", "hs1", "GRCh38", "unknown")]
    [True, True, True, False, False]
    """
    return re.fullmatch(r"([a-z]{2}|[a-z]{3}[A-Z][a-z]{2})[0-9]{1,2}", assembly) is not None


def hub_text(name: str, email: str) -> str:
    """Return hub.txt.

    Parameters
    ----------
    name : str
        Name of the run.
    email : str
        Whom UCSC's server tells of a broken hub; the setting must be there.

    Returns
    -------
    str
    """
    settings = {
        "hub": f"danq_{_word(name)}",
        "shortLabel": shortened(f"danq {_label(name)}", _SHORT),
        "longLabel": shortened(f"danq run {_label(name)}: predictions beside its peaks", _LONG),
        "genomesFile": GENOMES,
        "email": email,
    }
    return _stanza(settings)


def genomes_text(assembly: Assembly) -> str:
    """Return genomes.txt; with the bases and a first position where UCSC lacks the assembly."""
    settings = {"genome": assembly.name, "trackDb": TRACKS}
    if not assembly.hosted:
        settings |= {
            "twoBitPath": TWO_BIT,
            "organism": _label(assembly.description),
            "scientificName": _label(assembly.description),
            "description": _label(assembly.description),
            "defaultPos": assembly.position,
        }
    return _stanza(settings)


def track_text(targets: Sequence[TargetTracks]) -> str:
    """Return trackDb.txt: for each target its own peaks, and below them its models, overlaid."""
    stanzas = []
    for number, target in enumerate(targets, 1):
        stanzas += _target_stanzas(target, number)
    return "\n".join(map(_stanza, stanzas))


def how_to_open(folder: PathLike) -> list[str]:
    """Return how the hub in a folder is opened, a line for each browser."""
    return [
        f"IGV: File, Open Session, {Path(folder) / SESSION}",
        f"UCSC Genome Browser: put {Path(folder).parent} on a web server; My Data, Track Hubs, and "
        f"the URL of {Path(folder).name}/{HUB}",
    ]


def _target_stanzas(target: TargetTracks, number: int) -> list[dict[str, str]]:
    """Return the settings of a target's group and of the tracks in it."""
    name = f"t{number}_{_word(target.name)}"
    label = _label(target.name)
    group = f" ({_label(target.group)})" if target.group else ""
    show = "show" if number <= SHOWN else "hide"
    stanzas = [
        {
            "track": name,
            "superTrack": f"on {show}",
            "shortLabel": shortened(label, _SHORT),
            "longLabel": shortened(f"{label}{group}: peaks, and what models predict", _LONG),
            "priority": str(number),
        }
    ]
    if target.peaks is not None:
        stanzas.append(_peak_stanza(name, label, target.peaks))
    inputs = dict.fromkeys(track.input for track in target.models)
    for place, input_name in enumerate(inputs, 1):
        tracks = [track for track in target.models if track.input == input_name]
        container = f"{name}_i{place}_{_word(input_name)}"  # a.b and a_b are one word
        stanzas += _model_stanzas(name, container, label, tracks)
    return stanzas


def _peak_stanza(parent: str, label: str, url: str) -> dict[str, str]:
    return {
        "track": f"{parent}_peaks",
        "parent": parent,
        "type": "bigBed 3",
        "bigDataUrl": url,
        "shortLabel": shortened(f"peaks {label}", _SHORT),
        "longLabel": shortened(f"{label}: peaks that were given", _LONG),
        "visibility": "dense",
        "color": _INK,
        "priority": "1",
    }


def _model_stanzas(
    parent: str, container: str, label: str, tracks: Sequence[ModelTrack]
) -> list[dict[str, str]]:
    """Return a container in which the models' tracks lie over one another, and these."""
    input_name = tracks[0].input
    stanzas = [
        {
            "track": container,
            "parent": parent,
            "container": "multiWig",
            "type": "bigWig 0 1",
            "aggregate": "transparentOverlay",
            "showSubtrackColorOnUi": "on",
            "viewLimits": "0:1",
            "maxHeightPixels": "128:56:16",
            "visibility": "full",
            "shortLabel": shortened(f"models {label}", _SHORT),
            "longLabel": shortened(f"{label}: probability, all models ({input_name})", _LONG),
            "priority": "2",
        }
    ]
    for rank, track in enumerate(tracks, 1):
        title = _label(track.title)
        stanzas.append(
            {
                "track": f"{container}_m{rank}_{_word(track.model)}",
                "parent": container,
                "type": "bigWig 0 1",
                "bigDataUrl": track.url,
                "shortLabel": shortened(f"{title} {label}", _SHORT),
                "longLabel": shortened(f"{label}: probability by {title} ({input_name})", _LONG),
                "color": rgb(track.style.colour),
                "priority": str(rank),
            }
        )
    return stanzas


def _stanza(settings: dict[str, str]) -> str:
    """Return settings, a line each."""
    return "".join(f"{name} {value}\n" for name, value in settings.items())


def rgb(colour: str) -> str:
    """Return a colour as genome browsers want it.

    Examples
    --------
    >>> rgb("#0072B2")
    '0,114,178'
    """
    parts = [int(colour[place : place + 2], 16) for place in (1, 3, 5)]
    return ",".join(map(str, parts))


def _word(name: str) -> str:
    """Return a name of letters, digits and underscores: other characters end a track's name."""
    return re.sub(r"[^A-Za-z0-9_]+", "_", name)


def _label(name: str) -> str:
    """Return a name for people, on one line and without markup."""
    seen = "".join(character if character.isprintable() else "_" for character in name)
    return seen.translate(_MARKUP).strip() or "_"
