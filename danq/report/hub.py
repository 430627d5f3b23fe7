"""danq hub: predictions of all models beside the run's own peaks, for genome browsers."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from danq.catalog import MODELS
from danq.data.bigwig import load_pybigwig
from danq.data.peak_tracks import load_pybigtools, write_peak_tracks
from danq.data.predicted import PEAKS, TrackFolder, matching, read_track_folder
from danq.errors import DanqError, shown
from danq.files import PathLike, write_text
from danq.genome.aliases import read_aliases
from danq.genome.chromosomes import Chromosomes
from danq.genome.fasta import read_genome
from danq.genome.sources import Sources
from danq.genome.tables import Target, parse_region, read_targets
from danq.genome.two_bit import write_two_bit
from danq.plotting.style import Style, styles
from danq.records import Input, Made, file_input, read_head, record_table
from danq.report.hub_text import (
    GENOMES,
    HUB,
    SESSION,
    TRACKS,
    TWO_BIT,
    Assembly,
    ModelTrack,
    TargetTracks,
    genomes_text,
    how_to_open,
    hub_text,
    is_hosted,
    track_text,
)
from danq.report.igv_session import GENOME, MOST_TARGETS, genome_json, session_text
from danq.report.words import title

BINS = "bins.h5"
"""What danq predict --h5 wrote beside a folder of tracks, if it did."""

LIST = "tracks.tsv"
"""All tracks: target (index), name, content (peaks or probability), input, model, file."""

_FIRST = 20_000  # bases shown where no place is named


def hub(
    tracks: Sequence[PathLike],
    sources: Sources,
    output: PathLike,
    *,
    name: str,
    assembly: str = "unknown",
    email: str = "user@example.org",
    locus: str | None = None,
) -> None:
    """Write a UCSC track hub, and an IGV session, of predictions and the peaks they are made for.

    All paths in them are relative: folder and tracks move together.

    Parameters
    ----------
    tracks : sequence of path
        Folders of ``danq predict --bigwig``, each ``<input>/<model>/tracks``.
    sources : danq.genome.sources.Sources
        Genome, table of targets, and names of chromosomes.
    output : path
        The folder to fill.
    name : str
        Name of the run.
    assembly : str
        Name of the genome's assembly. Unless it is one of UCSC's, the hub brings the bases.
    email : str
        Whom UCSC's server tells of a broken hub.
    locus : str, optional
        Where browsers open a genome that they do not know: chrom:start-end (0-based half-open);
        none given: at its beginning.

    Raises
    ------
    DanqError
        A file that cannot be used, tracks of another genome or of other targets, or two of one
        input and model.
    """
    load_pybigtools()
    folders = _read_folders(tracks)
    targets = read_targets(sources.targets, sources.where, sources.downloads)
    genome = read_genome(sources.genome).genome
    described = _assembly(assembly, name, genome.lengths, locus)
    for folder in folders:
        _refuse_other_genome(folder, genome.lengths)
    aliases = read_aliases(sources.aliases, list(genome.lengths)) if sources.aliases else {}
    output = Path(output)
    peaks = write_peak_tracks(output / PEAKS, targets, Chromosomes(genome.lengths, aliases))
    shown_targets = _tracks(folders, targets, peaks, output)
    if not described.hosted:
        write_two_bit(output / TWO_BIT, genome)
        write_text(output / GENOME, genome_json(described))
    write_text(output / TRACKS, track_text(shown_targets))
    write_text(output / GENOMES, genomes_text(described))
    write_text(output / HUB, hub_text(name, email))
    write_text(output / SESSION, session_text(shown_targets, described))
    record_table(output / LIST, _listed(shown_targets), Made("hub", _inputs(sources, tracks)))
    _say(output, shown_targets)


def _read_folders(tracks: Sequence[PathLike]) -> list[TrackFolder]:
    """Read the folders of tracks, the models in the catalogue's order, as figures have them."""
    folders = [read_track_folder(path) for path in tracks]
    pairs = set()
    for folder, path in zip(folders, tracks, strict=True):
        pair = (folder.input, folder.model)
        if pair in pairs:
            what = f"a second folder of {folder.model} for {folder.input}"
            raise DanqError(f"{what}; name each once: <input>/<model>/tracks", path)
        pairs.add(pair)
    inputs = list(dict.fromkeys(folder.input for folder in folders))
    return sorted(folders, key=lambda folder: (inputs.index(folder.input), _rank(folder.model)))


def _rank(model: str) -> tuple[int, str]:
    """Return the place of a model in the catalogue; others come behind, by their names."""
    places = list(MODELS)
    return places.index(model) if model in places else len(places), model


def _assembly(assembly: str, run: str, lengths: Mapping[str, int], locus: str | None) -> Assembly:
    """Return what browsers are told of the genome."""
    position = _position(lengths, locus)
    if is_hosted(assembly):
        return Assembly(assembly, assembly, True, position)
    described = run if assembly in ("unknown", "simulated") else assembly
    word = "".join(character if character.isalnum() else "_" for character in described)
    description = f"{assembly} genome of the danq run {run}"
    return Assembly(f"danq_{word}", description, False, position)


def _position(lengths: Mapping[str, int], locus: str | None) -> str:
    """Return where browsers open, counted from 1."""
    if locus is None:
        chrom, length = next(iter(lengths.items()))
        return f"{chrom}:1-{min(length, _FIRST)}"
    region = parse_region(locus)
    if region is None or not 0 <= region.start < region.end <= lengths.get(region.chrom, 0):
        what = f"{shown(locus)} is not a stretch of the genome"
        raise DanqError(f"{what}; give one as chr1:1000-9000")
    return f"{region.chrom}:{region.start + 1}-{region.end}"


def _refuse_other_genome(folder: TrackFolder, lengths: Mapping[str, int]) -> None:
    """Refuse tracks whose chromosomes the genome lacks, or has in another length."""
    if not folder.files:
        return
    path = folder.files[0]
    with load_pybigwig().open(str(path)) as file:
        chromosomes: dict[str, int] = file.chroms()
    for chrom, length in chromosomes.items():
        if lengths.get(chrom) != length:
            what = f"{shown(chrom)} of {length:,} bp is not in the genome"
            raise DanqError(f"{what}; give the genome that was predicted", path)


def _tracks(
    folders: Sequence[TrackFolder],
    targets: Sequence[Target],
    peaks: Sequence[Path | None],
    output: Path,
) -> list[TargetTracks]:
    """Bring together the tracks of each target, without targets that no model predicts."""
    names = [target.name for target in targets]
    colours = styles(sorted({folder.model for folder in folders}, key=_rank))
    models: list[list[ModelTrack]] = [[] for _ in targets]
    for folder in folders:
        places = matching(folder.targets, names)
        for place, name, file in zip(places, folder.targets, folder.files, strict=True):
            if place is None:
                what = f"the table of targets lacks {shown(name)}"
                raise DanqError(f"{what}; give the table of the same run", file)
            track = _model_track(folder, file, output, colours[folder.model])
            models[place].append(track)
    tracks = []
    for index, (target, path) in enumerate(zip(targets, peaks, strict=True)):
        if models[index]:
            own = None if path is None else _relative(path, output)
            tracks.append(TargetTracks(index, target.name, target.group, own, models[index]))
    return tracks


def _model_track(folder: TrackFolder, file: Path, output: Path, style: Style) -> ModelTrack:
    url = _relative(file, output)
    return ModelTrack(folder.input, folder.model, title(folder.model), url, style)


def _relative(path: Path, folder: Path) -> str:
    """Return a path as seen from a folder, with slashes."""
    return Path(os.path.relpath(path, folder)).as_posix()


def _listed(targets: Sequence[TargetTracks]) -> pd.DataFrame:
    """Return a row for each track."""
    rows = []
    for target in targets:
        if target.peaks is not None:
            rows.append((target.number, target.name, "peaks", "NA", "NA", target.peaks))
        for track in target.models:
            facts = ("probability", track.input, track.model, track.url)
            rows.append((target.number, target.name, *facts))
    columns = ["target", "name", "content", "input", "model", "file"]
    return pd.DataFrame(rows, columns=columns)


def _inputs(sources: Sources, tracks: Sequence[PathLike]) -> list[Input]:
    """Return what the tracks are made from: the genome, and the models, as bins.h5 names them."""
    inputs = [file_input("genome", sources.genome), file_input("targets", sources.targets)]
    for folder in tracks:
        bins = Path(folder).parent / BINS
        if bins.exists():
            record = read_head(bins, "make it again with danq predict")
            models = record.checksums("checkpoint")
            inputs += [Input("checkpoint", str(bins), checksum) for checksum in models]
    return inputs


def _say(output: Path, targets: Sequence[TargetTracks]) -> None:
    """Say what was made, and how to open it."""
    n_tracks = sum(len(target.models) for target in targets)
    print(f"hub: {len(targets)} targets, {n_tracks} tracks of predictions")
    for line in how_to_open(output):
        print(line)
    if len(targets) > MOST_TARGETS:
        print(f"IGV: the session has the first {MOST_TARGETS} of {len(targets)} targets")
