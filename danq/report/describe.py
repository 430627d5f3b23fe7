"""What is in a dataset.h5, as text, as JSON and as a figure; or everything that is wrong with it."""

import os
from collections import Counter
from json import dumps
from pathlib import Path

import numpy as np

from danq.data.audit import audit
from danq.data.dataset import Dataset, total_counts
from danq.data.hdf5 import open_hdf5
from danq.data.verify import problems
from danq.errors import DanqError, DanqErrors, shown
from danq.files import write_text
from danq.genome.bins import SPLITS
from danq.plotting.drawing import refuse_format, save_figure

_BLOCK = 1 << 23  # bytes of packed windows read at once
_EXTREME = 10  # rarest and most frequent targets told


def describe(dataset, *, json=None, figure=None):
    """Check a dataset, print what is in it, and write that down.

    Parameters
    ----------
    dataset : path
        dataset.h5.
    json : path, optional
        Made: the same numbers, and more of them (see below).
    figure : path, optional
        Made: windows by chromosome, prevalence of the targets, labels of the windows; SVG, PNG or PDF, by its suffix.

    Returns
    -------
    dict
        What `json` holds:

        facts : dict
            The attributes of the file under their own names, and ``targets``, ``groups``, ``windows``, ``chromosomes``
            (numbers of them), ``genome_length`` (bp, of all chromosomes), ``bytes`` (of the file). Chromosomes and
            their length are None where the file's coordinates are no places in a genome.
        splits : dict of split to dict
            ``windows``; ``share`` of all windows; ``bytes_per_window``; ``labelled`` (windows with any label);
            ``labels_per_window`` (mean); ``gc`` (share of G and C among the known bases, or None);
            ``unknown_bases`` (bases N); ``windows_by_labels`` (list: windows with 0, 1, ... labels).
        groups : list of dict
            ``name``, ``targets``, ``splits``: dict of split to ``positives`` (sum over the targets), ``prevalence``
            (``mean``, ``min``, ``max`` over the targets) and ``without_positive`` (targets).
        targets : list of dict
            ``index``, ``name``, ``group``, ``jaspar``, ``positives`` and ``prevalence`` (dict of split to number).
        chromosomes : list of dict
            Those with a window: ``name``, ``length`` (bp), ``windows`` (dict of split to number); empty where the
            coordinates are no places in a genome.
        audit : list of dict
            The rows of `danq.data.audit.audit`; ``overlapping`` is None where it is undefined.
        source : dict
            How the file was made, as its maker wrote it.

    Raises
    ------
    DanqErrors
        Everything that is wrong with the file, a line each; nothing is written.
    DanqError
        The file cannot be opened; the figure has another suffix; or a file to be made is the dataset itself.
    """
    _refuse_outputs(dataset, json, figure)
    with open_hdf5(dataset) as file:
        _refuse(problems(file), dataset)
        opened = Dataset(file)
        contents = {split: _contents(opened, split) for split in SPLITS}
        _refuse(_content_problems(contents), dataset)
        found = _description(file, opened, contents)
    if json is not None:
        write_text(json, dumps(found, indent=1) + "\n")
    if figure is not None:
        _write_figure(figure, found)
    print(_summary(dataset, found))
    return found


def _refuse_outputs(dataset, json, figure):
    """Refuse names that nothing can be made under."""
    if figure is not None:
        refuse_format(figure)
    for path in filter(None, (json, figure)):
        if os.path.exists(path) and os.path.exists(dataset) and os.path.samefile(path, dataset):
            raise DanqError("is the dataset itself; name another file to make", path)


def _refuse(found, path):
    """Raise all problems at once, if there are any."""
    errors = [DanqError(f"{_plain(problem, 1000)}; make it again", path) for problem in found]
    if errors:
        raise DanqErrors(errors)


def _contents(dataset, split):
    """Read a split once: count its bases and its windows by their number of labels, and bits that mean nothing."""
    n_targets, bases, strays = len(dataset.names), Counter(), 0
    by_labels = np.zeros(n_targets + 1, dtype=np.int64)
    stray = (1 << -n_targets % 8) - 1
    step = max(1, _BLOCK // (4 * -(-dataset.window // 8) + -(-n_targets // 8)))
    for start in range(0, dataset.length(split), step):
        rows = slice(start, start + step)
        bases.update(_bases(dataset.packed_sequences(split, rows), dataset.window))
        labels = dataset.packed_labels(split, rows)
        strays += int(np.count_nonzero(labels[:, -1] & stray))
        labels[:, -1] &= 255 - stray
        by_labels += np.bincount(
            np.bitwise_count(labels).sum(axis=1, dtype=np.int64), minlength=n_targets + 1
        )
    return {**bases, "stray_labels": strays, "by_labels": by_labels}


def _bases(packed, window):
    """Count in packed windows (n, w, 4): bases, known ones, G and C; second bases of a place, and stray bits."""
    words = np.ascontiguousarray(packed).view("<u4")[
        :, :, 0
    ]  # the bytes of A, C, G, T, from the lowest
    places = words | words >> 16
    places = (places | places >> 8) & 0xFF
    known = _bits(places)
    return {
        "all": len(packed) * window,
        "known": known,
        "gc": _bits(words & 0x00FFFF00),
        "second": _bits(words) - known,
        "stray": _bits(places[:, -1] & ((1 << -window % 8) - 1)),
    }


def _bits(words):
    return int(np.bitwise_count(words).sum(dtype=np.int64))


def _content_problems(contents):
    """Find bits that docs/dataset.md does not allow."""
    for split, own in contents.items():
        if own["second"]:
            yield f"{split}/sequences has more than one base in a place, {own['second']} times"
        if own["stray"]:
            yield f"{split}/sequences has bases beyond the end of the window, {own['stray']} times"
        if own["stray_labels"]:
            yield f"{split}/targets has labels beyond the last target, in {own['stray_labels']} windows"


def _description(file, dataset, contents):
    """Return what `describe` returns."""
    windows = {split: dataset.length(split) for split in SPLITS}
    positives = {split: dataset.positives(split) for split in SPLITS}
    placed = dataset.attributes["coordinates"] == "genome"
    facts = dataset.attributes | {
        "targets": len(dataset.names),
        "groups": len(set(dataset.groups)),
        "windows": sum(windows.values()),
        "chromosomes": len(dataset.chromosomes) if placed else None,
        "genome_length": sum(dataset.chromosomes.values()) if placed else None,
        "bytes": Path(file.filename).stat().st_size,
    }
    audited = audit(dataset).astype(object)
    return {
        "facts": facts,
        "splits": {
            split: _split(file[split], contents[split], n / facts["windows"])
            for split, n in windows.items()
        },
        "groups": _groups(dataset.groups, positives, windows),
        "targets": _targets(dataset, positives, windows),
        "chromosomes": _chromosomes(dataset) if placed else [],
        "audit": audited.where(audited.notna(), None).to_dict("records"),
        "source": dataset.source,
    }


def _split(group, contents, share):
    """Describe a split."""
    by_labels = contents["by_labels"]
    n = int(by_labels.sum())
    return {
        "windows": n,
        "share": share,
        "bytes_per_window": sum(group[name].nbytes for name in ("sequences", "targets", "start"))
        // n,
        "labelled": n - int(by_labels[0]),
        "labels_per_window": float(by_labels @ np.arange(len(by_labels))) / n,
        "gc": contents["gc"] / contents["known"] if contents["known"] else None,
        "unknown_bases": contents["all"] - contents["known"],
        "windows_by_labels": np.trim_zeros(by_labels, "b").tolist(),
    }


def _groups(groups, positives, windows):
    """Describe the groups, in order of first appearance."""
    found, places = [], {}
    for place, name in enumerate(groups):
        places.setdefault(name, []).append(place)
    for name, rows in places.items():
        own = {split: positives[split][rows] for split in SPLITS}
        found.append(
            {
                "name": name,
                "targets": len(rows),
                "splits": {
                    split: {
                        "positives": int(counts.sum()),
                        "prevalence": {
                            "mean": counts.mean() / windows[split],
                            "min": counts.min() / windows[split],
                            "max": counts.max() / windows[split],
                        },
                        "without_positive": int((counts == 0).sum()),
                    }
                    for split, counts in own.items()
                },
            }
        )
    return found


def _targets(dataset, positives, windows):
    """Describe each target."""
    facts = zip(dataset.names, dataset.groups, dataset.jaspar, strict=True)
    return [
        {
            "index": index,
            "name": name,
            "group": group,
            "jaspar": jaspar,
            "positives": {split: int(positives[split][index]) for split in SPLITS},
            "prevalence": {
                split: int(positives[split][index]) / windows[split] for split in SPLITS
            },
        }
        for index, (name, group, jaspar) in enumerate(facts)
    ]


def _chromosomes(dataset):
    """Count the windows on each chromosome that has any."""
    n = len(dataset.chromosomes)
    counts = np.array([np.bincount(dataset.places(split)[0], minlength=n) for split in SPLITS])
    names, lengths = list(dataset.chromosomes), list(dataset.chromosomes.values())
    return [
        {
            "name": names[place],
            "length": lengths[place],
            "windows": dict(zip(SPLITS, counts[:, place].tolist(), strict=True)),
        }
        for place in np.flatnonzero(counts.any(axis=0))
    ]


def _write_figure(path, found):
    """Draw what was found."""
    from danq.plotting.dataplots import overview

    most = max(len(own["windows_by_labels"]) for own in found["splits"].values())
    places = found["chromosomes"] or [
        {
            "name": "all",
            "windows": {split: own["windows"] for split, own in found["splits"].items()},
        }
    ]
    drawn = overview(
        [_plain(one["name"], 1000) for one in places],
        [[one["windows"][split] for one in places] for split in SPLITS],
        [[one["positives"][split] for one in found["targets"]] for split in SPLITS],
        [_plain(one["group"], 1000) for one in found["targets"]],
        [
            own["windows_by_labels"] + [0] * (most - len(own["windows_by_labels"]))
            for own in found["splits"].values()
        ],
        splits=SPLITS,
    )
    save_figure(drawn, path)


def _summary(path, found):
    """Return the description as text."""
    parts = [
        _facts_text(path, found["facts"]),
        _splits_text(found["splits"]),
        _groups_text(found["groups"]),
        _targets_text(found["targets"], found["facts"]["windows"]),
        _audit_text(found["audit"]),
        *_source_text(found["source"]),
    ]
    return "\n\n".join(parts)


def _facts_text(path, facts):
    rows = [
        ["format", f"{facts['format']}, version {facts['format_version']}"],
        ["created by", _plain(facts["created_by"])],
        ["assembly", _plain(facts["assembly"])],
        ["coordinates", facts["coordinates"]],
        [
            "chromosomes",
            "NA"
            if facts["chromosomes"] is None
            else f"{facts['chromosomes']:,}, {facts['genome_length']:,} bp",
        ],
        ["window", f"{facts['window']:,} bp"],
        ["bin", f"{facts['bin_size']:,} bp"],
        ["windows", f"{facts['windows']:,}"],
        ["targets", f"{facts['targets']:,}"],
        ["groups", f"{facts['groups']:,}"],
        ["size", f"{facts['bytes']:,} bytes"],
    ]
    return f"{path}\n" + _table(rows, left=2)


def _splits_text(splits):
    rows = [
        ["split", "windows", "share", "bytes/window", "labelled", "labels/window", "GC", "bases N"]
    ]
    for split, own in splits.items():
        rows.append(
            [
                split,
                f"{own['windows']:,}",
                _percent(own["share"]),
                f"{own['bytes_per_window']:,}",
                f"{own['labelled']:,}",
                f"{own['labels_per_window']:.3f}",
                _percent(own["gc"]),
                f"{own['unknown_bases']:,}",
            ]
        )
    return "Splits\n" + _table(rows)


def _groups_text(groups):
    rows = [
        [
            "group",
            "split",
            "targets",
            "without positive",
            "positives",
            "prevalence",
            "lowest",
            "highest",
        ]
    ]
    for group in groups:
        for split, own in group["splits"].items():
            shares = [_percent(own["prevalence"][key]) for key in ("mean", "min", "max")]
            rows.append(
                [
                    _plain(group["name"]),
                    split,
                    f"{group['targets']:,}",
                    f"{own['without_positive']:,}",
                    f"{own['positives']:,}",
                    *shares,
                ]
            )
    return (
        "Groups (prevalence: the share of positive windows; its mean over the targets, its lowest and highest)\n"
        + _table(rows, left=2)
    )


def _targets_text(targets, windows):
    """Tell of the rarest and the most frequent targets; of all when these are all there are."""

    def ranked(sign):
        return sorted(targets, key=lambda target: sign * sum(target["positives"].values()))

    if len(targets) <= 2 * _EXTREME:
        return "Targets, rarest first\n" + _target_table(ranked(1), windows)
    return (
        f"The {_EXTREME} rarest targets\n{_target_table(ranked(1)[:_EXTREME], windows)}\n\n"
        f"The {_EXTREME} most frequent targets\n{_target_table(ranked(-1)[:_EXTREME], windows)}"
    )


def _target_table(targets, windows):
    rows = [["target", "group", "index", *SPLITS, "prevalence"]]
    for target in targets:
        counts = [target["positives"][split] for split in SPLITS]
        rows.append(
            [
                _plain(target["name"]),
                _plain(target["group"]),
                str(target["index"]),
                *(f"{count:,}" for count in counts),
                _percent(sum(counts) / windows),
            ]
        )
    return _table(rows, left=2)


def _audit_text(audited):
    rows = [
        ["split", "against", "windows", "overlapping", "identical", "reverse complement", "either"]
    ]
    for row in audited:
        counts = [
            row[key]
            for key in ("windows", "overlapping", "identical", "reverse_complement", "either")
        ]
        rows.append(
            [
                row["split"],
                row["against"],
                *("NA" if count is None else f"{count:,}" for count in counts),
            ]
        )
    return (
        "Leakage (windows that share a base with a window of the other split, or all their bases)\n"
        + _table(rows, left=2)
    )


def _source_text(source):
    """Tell what was left out and what was counted in the input files, as far as the maker of the file wrote it down."""
    found = []
    if isinstance(source.get("dropped"), dict) and source["dropped"]:
        rows = [
            [_plain(reason.replace("_", " ")), _amount(n)]
            for reason, n in source["dropped"].items()
        ]
        found.append("Bins left out\n" + _table(rows))
    rows = [[_plain(what), _amount(n)] for what, (n, _) in total_counts(source).items()]
    if rows:
        found.append("Counted in the input files\n" + _table(rows))
    return found


def _amount(value):
    return f"{value:,}" if isinstance(value, int) else _plain(str(value))


def _percent(share):
    return "NA" if share is None else f"{100 * share:.3f} %"


def _plain(text, limit=40):
    r"""Return foreign text fit for a terminal and a table: control characters escaped, long text cut.

    Examples
    --------
    >>> _plain("a\tb")
    'a\\tb'
    """
    cut = text if len(text) <= limit else text[:limit] + "..."
    return cut if cut.isprintable() else shown(cut, len(cut))[1:-1]


def _table(rows, left=1):
    """Lay out rows of text in columns, the first `left` of them from the left, the others from the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  "
        + "  ".join(
            cell.ljust(width) if place < left else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )
