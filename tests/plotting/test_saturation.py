"""Heat maps of every change of a region."""

import numpy as np

from danq.plotting.saturation import LINE, Panel, draw_panels, lines_of, saturation_figure


def panel(length, seed=0, title="CTCF $x$"):
    rng = np.random.default_rng(seed)
    sequence = "".join(rng.choice([*"ACGTN"], length))
    changes = rng.normal(size=(length, 4))
    for place, base in enumerate(sequence):
        changes[place, "ACGT".find(base)] = 0
        if base == "N":
            changes[place] = 0
    return Panel(title, 1000, sequence, changes)


def test_a_long_region_goes_on_below():
    whole = panel(2 * LINE + 7)
    lines = lines_of(whole)
    assert [line.title for line in lines] == [whole.title, "", ""]
    assert [line.start for line in lines] == [1000, 1000 + LINE, 1000 + 2 * LINE]
    assert "".join(line.sequence for line in lines) == whole.sequence
    assert (np.concatenate([line.changes for line in lines]) == whole.changes).all()


def test_colours_are_of_one_scale_and_dots_mark_the_bases():
    panels = [panel(30), panel(LINE + 5, 1)]
    figure = saturation_figure(panels)
    meshes = [ax.collections[0] for ax in figure.axes if ax.get_yticklabels()[0].get_text() == "A"]
    assert len(meshes) == 3
    limit = max(np.abs(one.changes).max() for one in panels)
    for mesh in meshes:
        assert mesh.get_clim() == (-limit, limit)
    heat = next(ax for ax in figure.axes if ax.get_yticklabels()[0].get_text() == "A")
    assert np.asarray(heat.collections[0].get_array()).ravel().tolist() == (
        panels[0].changes.T.ravel().tolist()
    )
    x, y = heat.lines[0].get_data()
    found = {int(place): "ACGT"[int(row)] for place, row in zip(x, y, strict=True)}
    expected = {1000 + n: base for n, base in enumerate(panels[0].sequence) if base != "N"}
    assert found == expected


def test_the_same_figure_gives_the_same_bytes(tmp_path):
    for name in ("a.svg", "b.svg"):
        draw_panels([panel(20)], tmp_path / name)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


def test_changes_of_nothing_are_drawn():
    empty = Panel("x", 0, "NNN", np.zeros((3, 4)))
    assert len(saturation_figure([empty]).axes) == 3
