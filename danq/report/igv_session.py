"""A session for IGV: all tracks of a run, opened with one file.

IGV reads it as https://github.com/igvteam/igv (`IGVSessionReader`) does: paths are relative to the
session's folder; a track's id is the path of its file.
"""

import json
from collections.abc import Sequence
from xml.etree import ElementTree

from danq.plotting.style import INK
from danq.report.hub_text import TWO_BIT, Assembly, ModelTrack, TargetTracks, rgb

GENOME = "genome.json"
"""What tells IGV of a genome that it does not know."""

MOST_TARGETS = 20
"""Targets of a session, at most: IGV opens all of its files."""

_HEIGHTS = {"FeatureTrack": "24", "DataSourceTrack": "48"}  # pixels
_PANEL = {"name": "DataPanel", "width": "1200"}


def genome_json(assembly: Assembly) -> str:
    """Return a genome for IGV (2.17 or newer) whose bases lie beside it.

    https://igv.org/doc/desktop/#UserGuide/reference_genome/#json-files
    """
    genome = {
        "id": assembly.name,
        "name": assembly.description,
        "twoBitURL": TWO_BIT,
        "defaultPos": assembly.position,
    }
    return json.dumps(genome, indent=1) + "\n"


def session_text(targets: Sequence[TargetTracks], assembly: Assembly) -> str:
    """Return a session: each target's own peaks, and below them its models on one scale.

    Parameters
    ----------
    targets : sequence of danq.report.hub_text.TargetTracks
        Of which the first `MOST_TARGETS` are in it.
    assembly : danq.report.hub_text.Assembly
        Their genome.

    Returns
    -------
    str
        XML.
    """
    shown = targets[:MOST_TARGETS]
    genome = assembly.name if assembly.hosted else GENOME
    facts = {"genome": genome, "locus": assembly.position, "version": "8"}
    session = ElementTree.Element("Session", facts)
    resources = ElementTree.SubElement(session, "Resources")
    panel = ElementTree.SubElement(session, "Panel", {**_PANEL, "height": "900"})
    for target in shown:
        if target.peaks is not None:
            _add_peaks(resources, panel, target, target.peaks)
        for track in target.models:
            _add_model(resources, panel, target, track)
    ElementTree.indent(session)
    body = ElementTree.tostring(session, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8" standalone="no"?>\n{body}\n'


def _add_peaks(
    resources: ElementTree.Element, panel: ElementTree.Element, target: TargetTracks, path: str
) -> None:
    """Add the bigBed of a target's own peaks."""
    ElementTree.SubElement(resources, "Resource", path=path, type="bb")
    look = {"displayMode": "COLLAPSED", "color": rgb(INK)}
    _add_track(panel, path, f"{target.name}: peaks", "FeatureTrack", look)


def _add_model(
    resources: ElementTree.Element,
    panel: ElementTree.Element,
    target: TargetTracks,
    track: ModelTrack,
) -> None:
    """Add the bigWig of a model, from 0 to 1."""
    ElementTree.SubElement(resources, "Resource", path=track.url, type="bw")
    look = {"autoScale": "false", "color": rgb(track.style.colour), "windowFunction": "mean"}
    name = f"{target.name}: {track.title} ({track.input})"
    element = _add_track(panel, track.url, name, "DataSourceTrack", look)
    limits = {"minimum": "0.0", "baseline": "0.0", "maximum": "1.0"}
    ElementTree.SubElement(element, "DataRange", {**limits, "type": "LINEAR"})


def _add_track(
    panel: ElementTree.Element, path: str, name: str, kind: str, look: dict[str, str]
) -> ElementTree.Element:
    """Add how a file is drawn."""
    facts = {
        "id": path,
        "name": _printable(name),
        "clazz": f"org.broad.igv.track.{kind}",
        "height": _HEIGHTS[kind],
        "visible": "true",
    }
    return ElementTree.SubElement(panel, "Track", {**facts, **look})


def _printable(name: str) -> str:
    """Return a name without the control characters that XML forbids."""
    return "".join(character if character.isprintable() else "_" for character in name)
