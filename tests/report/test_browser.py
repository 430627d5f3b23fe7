"""The page in a browser: what a reader does by pointer and keyboard, and what it then shows."""

import io
import re
import shutil
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from danq.files import read_table, write_table
from danq.report import page as p
from danq.report import report as r
from tests.report.toy_run import YEAST, curves_of, make_records, write_four_networks, write_run

playwright = pytest.importorskip(
    "playwright.sync_api", reason="playwright is not installed: pip install 'danq[dev]'"
)
BROWSER = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))),
    None,
)
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no chromium or google-chrome is installed")

HOSTILE = [
    "<img src=x onerror=window.hacked=1>",
    "</script><script>window.hacked=1</script>",
    '"onfocus="hacked=1',
    "=cmd()",
    "日本\u202ek",
    "x" * 200,
    "{{ 7 * 7 }}",
    "&lt;b&gt;",
    "'; hacked=1; '",
]
NAMES = [*YEAST, *HOSTILE]
GROUPS = [*["TF"] * 12, *["<b>cofactor</b>"] * 8, *["histone"] * 5]
NETWORKS = ["DanQ", "DanQ-conv", "DanQ-residual", "DeepSEA"]


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """Return the folder of a run of four networks, with curves, hostile names and a report."""
    folder = write_run(
        tmp_path_factory.mktemp("runs") / "run", names=NAMES, groups=GROUPS, seeds=(0, 1, 2)
    )
    write_four_networks(folder)
    write_table(folder / "curves.tsv.gz", curves_of(folder))
    make_records(folder)
    r.report(folder, folder / "report.html", config=folder / "config.yaml")
    return folder


@pytest.fixture(scope="session")
def chromium():
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(
            executable_path=BROWSER, args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium):
    """Return a function that opens a file; a complaint of the browser fails, and other requests."""
    contexts, complaints, requests, wanted = [], [], [], []

    def visit(path, **options):
        context = chromium.new_context(**{"viewport": {"width": 1280, "height": 800}} | options)
        contexts.append(context)
        opened = context.new_page()
        opened.set_default_timeout(10_000)
        opened.on("console", lambda message: complaints.append(f"{message.type}: {message.text}"))
        opened.on("pageerror", lambda error: complaints.append(str(error)))
        opened.on("request", lambda request: requests.append(request.url))
        wanted.append(f"file://{path}")
        opened.goto(wanted[-1])
        return opened

    yield visit
    for context in contexts:
        context.close()
    assert complaints == [] and requests == wanted


@pytest.fixture
def page(visit, folder):
    """Return the report with everything unfolded."""
    opened = visit(folder / "report.html")
    opened.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    return opened


def scatter(page, number=0):
    """Return one of the figures in which a target is a point between two models."""
    figures = page.locator("#comparison .figure:has([data-target])")
    return figures.filter(has=page.locator("h3", has_text=" against ")).nth(number)


def point(figure, name):
    return figure.locator("[data-target]").filter(has_text=re.compile(f"^{re.escape(name)} \\("))


def pointer(page, mark):
    """Move the pointer to the middle of a mark."""
    mark.scroll_into_view_if_needed()
    box = mark.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)


def table(page, title):
    return page.locator(".table").filter(has=page.get_by_role("heading", name=title, exact=True))


def column(locator, number):
    """Return the cells of a column, as shown, without their notes."""
    return locator.locator("tbody tr:not([hidden])").evaluate_all(
        "(rows, number) => rows.map((row) => row.cells[number])"
        ".map((cell) => [...(cell.querySelector('.curves') ?? cell).childNodes]"
        ".filter((node) => node.nodeType === 3).map((node) => node.data).join('').trim())",
        number,
    )


def downloaded(page, button):
    with page.expect_download() as download:
        button.click()
    return download.value.suggested_filename, download.value.path().read_bytes()


def rows_of(tsv):
    return [line.split("\t") for line in tsv.decode().removesuffix("\n").split("\n")]


# --- points ---


def test_pointing_at_a_target_names_it_in_every_figure(page):
    mark = point(scatter(page), "Reb1")
    pointer(page, mark)
    tooltip = page.locator(".tooltip")
    assert tooltip.is_visible()
    assert re.fullmatch(
        r"Reb1 \(TF\): DanQ 0\.\d{3}, DanQ-conv 0\.\d{3}, difference .0\.\d{3} \[.*\].*",
        tooltip.inner_text(),
    )
    figures = page.locator(".figure:has([data-target])")
    assert figures.count() >= 5
    drawn = [figure for figure in figures.all() if point(figure, "Reb1").count()]
    assert len(drawn) >= 5
    for figure in drawn:
        box, ring = point(figure, "Reb1").bounding_box(), figure.locator(".ring").bounding_box()
        for side, length in (("x", "width"), ("y", "height")):
            assert box[side] + box[length] / 2 == pytest.approx(
                ring[side] + ring[length] / 2, abs=0.6
            )
    page.keyboard.press("Escape")
    assert tooltip.is_hidden() and page.locator(".ring").count() == 0


def test_tooltip_stays_while_the_pointer_is_on_it_and_inside_the_window(page):
    pointer(page, point(scatter(page), "Reb1"))
    box = page.locator(".tooltip").bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= 1280 and box["y"] >= 0
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_timeout(400)
    assert page.locator(".tooltip").is_visible()
    page.mouse.move(2, 400)
    page.locator(".tooltip").wait_for(state="hidden")


def test_click_opens_the_curves_of_all_models(page, folder):
    pointer(page, point(scatter(page), "Cbf1"))
    page.mouse.down()
    page.mouse.up()
    dialog = page.get_by_role("dialog", name="Cbf1")
    assert dialog.is_visible()
    legend = dialog.locator(".legend li").all_inner_texts()
    scores = (
        read_table(folder / "metrics.tsv").query("name == 'Cbf1'").groupby("model")["auprc"].mean()
    )
    models = [
        ("DeepSEA", "deepsea"),
        ("DanQ", "danq"),
        ("DanQ-conv", "danq_conv"),
        ("DanQ-residual", "danq_residual"),
        ("k-mer", "kmer"),
        ("motif scan", "scan"),
    ]
    assert [text[2:] for text in legend] == [
        f"{name}, AUPRC {scores[model]:.3f}" for name, model in models
    ]
    assert dialog.locator(".curve").count() == len(models)
    words = dialog.locator("svg text").all_text_contents()
    assert "recall" in words and "precision" in words
    prevalence = read_table(folder / "metrics.tsv").query("name == 'Cbf1'")["prevalence"].iloc[0]
    [label] = [word for word in words if word.startswith("prevalence")]
    assert float(label.split()[1]) == pytest.approx(100 * prevalence, rel=0.005)
    # The curve is where it belongs: one unit of recall or precision is as long as the grid says.
    labels = [
        float(number)
        for number in re.split("[ ,]", dialog.locator(".curve").nth(1).get_attribute("points"))
    ]
    grid = {
        axis: sorted({float(line.get_attribute(axis)) for line in dialog.locator("svg line").all()})
        for axis in ("x1", "y1")
    }
    precision = read_curve(folder, "danq", NAMES.index("Cbf1"))
    assert labels[0::2] == pytest.approx(np.linspace(grid["x1"][0], grid["x1"][-1], 51), abs=0.1)
    [top, bottom] = grid["y1"][0], grid["y1"][-1]
    assert labels[1::2] == pytest.approx(bottom - (bottom - top) * precision, abs=0.3)
    line = dialog.locator("line.prevalence")
    assert float(line.get_attribute("y1")) == pytest.approx(
        bottom - (bottom - top) * prevalence, abs=0.1
    )
    dialog.get_by_role("button", name="Close").click()
    assert dialog.is_hidden()


def read_curve(folder, model, target):
    curves = read_table(folder / "curves.tsv.gz")
    return curves[(curves["model"] == model) & (curves["target"] == target)]["precision"].to_numpy()


def test_curves_are_saved_as_they_are(page, folder):
    point(scatter(page), "Mcm1").focus()
    page.keyboard.press("Enter")
    name, content = downloaded(page, page.get_by_role("dialog").get_by_role("button", name="TSV"))
    rows = rows_of(content)
    assert name == "Mcm1.tsv"
    assert rows[0] == [
        "recall",
        "DeepSEA",
        "DanQ",
        "DanQ-conv",
        "DanQ-residual",
        "k-mer",
        "motif scan",
    ]
    assert [float(row[0]) for row in rows[1:]] == pytest.approx(np.linspace(0, 1, 51))
    assert [float(row[2]) for row in rows[1:]] == pytest.approx(
        read_curve(folder, "danq", NAMES.index("Mcm1")), abs=0.00051
    )


def test_hostile_names_are_text_everywhere(page, folder):
    for name in HOSTILE:
        visible_name = name.replace("\u202e", "\N{REPLACEMENT CHARACTER}")
        mark = point(scatter(page), visible_name)
        pointer(page, mark)
        mark.focus()
        assert page.locator(".tooltip").text_content().startswith(f"{visible_name} (")
        page.keyboard.press("Enter")
        assert page.locator("dialog h2").text_content() == visible_name
        assert (
            page.locator("dialog p.note")
            .text_content()
            .startswith(f"Group: {GROUPS[NAMES.index(name)]}. Precision at 51 levels")
        )
        page.keyboard.press("Escape")
    assert page.locator("img").count() == 0
    assert page.evaluate("typeof window.hacked") == "undefined"


def test_the_browser_itself_refuses_markup_and_other_scripts(chromium, folder, tmp_path):
    """Should a name become markup all the same, the page's policy keeps it from running."""
    text = (folder / "report.html").read_text()
    evil = (
        "<script>window.hacked=1</script><img src=x onerror=window.hacked=1>"
        "<svg onload=window.hacked=1></svg>"
    )
    (tmp_path / "evil.html").write_text(text.replace("</main>", f"{evil}</main>"))
    opened = chromium.new_page()
    opened.goto(f"file://{tmp_path / 'evil.html'}")
    assert opened.locator("main > img").count() == 1 and opened.locator(".tools").count() > 10
    with pytest.raises(playwright.Error, match="TrustedHTML"):
        opened.evaluate("() => { document.body.innerHTML = '<img src=x onerror=hacked=1>'; }")
    assert opened.evaluate("typeof window.hacked") == "undefined"
    opened.context.close()


# --- the keyboard ---


def test_first_tab_skips_to_the_answer(page):
    page.keyboard.press("Tab")
    skip = page.locator(".skip")
    assert (
        skip.bounding_box()["y"] >= 0
        and page.evaluate("document.activeElement.className") == "skip"
    )
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.tagName") == "MAIN"


def test_a_figure_is_one_tab_stop_and_arrows_lead_through_its_points(page):
    figure = scatter(page)
    figure.scroll_into_view_if_needed()
    figure.locator("[tabindex='0']").focus()
    assert figure.locator("[tabindex='0']").count() == 1
    focused = page.locator(":focus")

    def place():
        box = focused.bounding_box()
        return box["x"] + box["width"] / 2, -box["y"] - box["height"] / 2

    for forth, back, axis in (("ArrowRight", "ArrowLeft", 0), ("ArrowUp", "ArrowDown", 1)):
        page.keyboard.press("Home")
        for _ in range(30):
            page.keyboard.press(back)
        centres = [place()]
        for _ in NAMES:
            page.keyboard.press(forth)
            assert figure.locator(".ring").count() == 1 and page.locator(".tooltip").is_visible()
            centres.append(place())
        along = [at[axis] for at in centres]
        assert along == sorted(along) and len({round(at, 3) for at in along}) > 20
        assert (
            len({tuple(np.round(at, 2)) for at in centres}) == len(NAMES) - 1
        )  # one target is undefined
    page.keyboard.press("Tab")
    assert focused.inner_text() == "SVG" and figure.locator("[tabindex='0']").count() == 1


def test_enter_opens_and_escape_returns_the_focus(page):
    mark = point(scatter(page, 1), "Ume6")
    mark.focus()
    assert mark.get_attribute("role") == "button"
    page.keyboard.press(" ")
    assert page.get_by_role("dialog", name="Ume6").is_visible()
    assert page.evaluate("document.activeElement.textContent") == "Close"
    page.keyboard.press("Escape")
    assert page.locator("dialog").is_hidden()
    assert mark.evaluate("(mark) => mark === document.activeElement")


def test_focus_is_visible(page):
    for _ in range(2):
        page.keyboard.press("Tab")
    for button in ("save TSV: Splits", "save SVG: Prevalence in the test split", "target"):
        page.get_by_role("button", name=button, exact=True).first.focus()
        outline = page.locator(":focus").evaluate("(one) => getComputedStyle(one).outline")
        assert "solid 2px" in outline


# --- tables ---


def number_shown(text):
    match = re.match(r"[+-]?[\d,]*\.?\d+", text.replace("−", "-"))
    return float(match[0].replace(",", "")) if match else None


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("AUPRC by target", "DanQ"),
        ("AUPRC differences", "DanQ − DanQ-conv"),
        ("Targets", "positive, train"),
    ],
)
def test_numbers_sort_both_ways_with_the_undefined_last(page, title, name):
    locator = table(page, title)
    heads = locator.locator("thead th").all_inner_texts()
    index, button = heads.index(name), locator.get_by_role("button", name=name, exact=True)
    before = column(locator, index)
    known = [number_shown(text) for text in before if number_shown(text) is not None]
    assert len(set(known)) > 15 and (title != "AUPRC differences" or min(known) < 0 < max(known))
    for state, descending in (("ascending", False), ("descending", True)):
        button.focus()
        page.keyboard.press("Enter")
        assert locator.locator("thead th").nth(index).get_attribute("aria-sort") == state
        after = column(locator, index)
        assert sorted(after) == sorted(before)
        assert [number_shown(text) for text in after[: len(known)]] == sorted(
            known, reverse=descending
        )
        assert set(after[len(known) :]) <= {"NA"}
    button.click()
    assert column(locator, index) == before and locator.locator("[aria-sort]").count() == 0


def test_words_sort_as_words_and_one_column_at_a_time(page):
    locator = table(page, "Targets")
    locator.get_by_role("button", name="group", exact=True).click()
    assert column(locator, 1) == sorted(GROUPS, key=str.lower)
    locator.get_by_role("button", name="target", exact=True).click()
    names = [name for name in column(locator, 0) if name in YEAST]
    assert names == sorted(YEAST)
    assert [head.get_attribute("aria-sort") for head in locator.locator("thead th").all()[:2]] == [
        "ascending",
        None,
    ]


def test_time_spans_sort_by_their_length(visit, tmp_path):
    spans = ["2 min 31 s", "7 s", "NA", "1 h 0 min", "59 s"]
    write_plain(
        tmp_path / "page.html",
        p.table(
            "Times", ["job", "time"], [[f"job {k}", span] for k, span in enumerate(spans)], ("job",)
        ),
    )
    opened = visit(tmp_path / "page.html")
    opened.get_by_role("button", name="time", exact=True).click()
    assert column(table(opened, "Times"), 1) == ["7 s", "59 s", "2 min 31 s", "1 h 0 min", "NA"]


def test_logos_sort_by_effect_and_back(page):
    gallery = page.locator("#motifs .gallery").first

    def shown(name):
        return [
            float(value)
            for value in gallery.locator(".filter").evaluate_all(
                f"all => all.map((one) => one.dataset.{name})"
            )
        ]

    original = shown("effect")
    assert original != sorted(original, reverse=True)
    button = gallery.get_by_role("button", name="largest effect")
    button.click()
    assert (
        shown("effect") == sorted(original, reverse=True)
        and button.get_attribute("aria-pressed") == "true"
    )
    gallery.get_by_role("button", name="most sites").click()
    assert (
        shown("sites") == sorted(shown("sites"), reverse=True)
        and button.get_attribute("aria-pressed") == "false"
    )
    gallery.get_by_role("button", name="surest name").click()
    assert shown("q") == sorted(shown("q"))
    gallery.get_by_role("button", name="surest name").click()
    assert shown("effect") == original


def test_filter_keeps_the_rows_that_hold_a_text_and_counts_them(page):
    locator = table(page, "Targets")
    box, count = locator.get_by_role("searchbox"), locator.get_by_role("status")
    assert count.get_attribute("aria-live") == "polite"
    box.focus()
    widths = "(heads) => heads.map((head) => head.offsetWidth)"
    before = locator.locator("thead th").evaluate_all(widths)
    box.fill("sk")
    assert column(locator, 0) == ["Sko1"] and count.inner_text() == "1 of 25 rows"
    assert locator.locator("thead th").evaluate_all(widths) == before
    box.fill("HISTONE")
    assert column(locator, 1) == ["histone"] * 5 and count.inner_text() == "5 of 25 rows"
    locator.get_by_role("button", name="target", exact=True).click()
    assert column(locator, 1) == ["histone"] * 5
    box.fill("")
    assert len(column(locator, 0)) == 25 and count.inner_text() == ""


def test_only_long_tables_have_a_filter(page):
    for locator in page.locator(".table").all():
        long = locator.locator("tbody tr").count() > 15
        assert locator.get_by_role("searchbox").count() == long
        assert locator.get_by_role("button", name="save TSV").count() == 1


def test_tables_save_all_that_they_hold(page):
    locator = table(page, "AUPRC differences")
    locator.get_by_role("searchbox").fill("Reb1")
    name, content = downloaded(page, locator.get_by_role("button", name="save TSV"))
    rows = rows_of(content)
    assert name == "AUPRC_differences.tsv" and len(rows) == len(NAMES) + 2
    assert rows[0][:3] == ["target", "DanQ − DanQ-conv", "DanQ − DanQ-conv, note"]
    assert {len(row) for row in rows} == {len(rows[0])}
    box = locator.get_by_role("searchbox")
    box.fill("")
    assert [row[1] for row in rows[1:]] == [text.replace("−", "-") for text in column(locator, 1)]
    assert all(re.fullmatch(r"\[−?0\.\d{3}, −?0\.\d{3}\]|", row[2]) for row in rows[1:])
    assert [row[0] for row in rows if "cmd" in row[0]] == ["'=cmd()"]


def write_plain(path, *tables):
    p.write_page(path, "run", "summary", [p.Section("answer", "The answer", tables=list(tables))])


def test_saved_cells_are_plain_numbers_and_texts_that_no_spreadsheet_runs(visit, tmp_path):
    names = ["a\tb\n\nc", "+1+1", "-2+3|cmd", "@SUM(A1)", "=1", "−5", " =2", "1,000"]
    values = ["−0.5", "12,071", "3.41 %", "NA", "+0.020", "1.5e-7", "0.3 (6)", "−1,234.5"]
    write_plain(
        tmp_path / "page.html",
        p.table(
            '=T/../x: "y"', ["name", "value"], list(zip(names, values, strict=True)), ("name",)
        ),
    )
    opened = visit(tmp_path / "page.html")
    name, content = downloaded(opened, opened.get_by_role("button", name="save TSV"))
    rows = rows_of(content)
    assert name == "T_x_y.tsv"
    assert [row[0] for row in rows[1:]] == [
        "a b c",
        "'+1+1",
        "'-2+3|cmd",
        "'@SUM(A1)",
        "'=1",
        "−5",
        "'=2",
        "1,000",
    ]
    assert [row[1] for row in rows[1:]] == [
        "-0.5",
        "12071",
        "3.41 %",
        "NA",
        "+0.020",
        "1.5e-7",
        "0.3 (6)",
        "-1234.5",
    ]


# --- figures ---


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_figures_are_saved_as_drawings_in_dark_ink(visit, folder, scheme):
    opened = visit(folder / "report.html", color_scheme=scheme)
    figure = scatter(opened)
    pointer(opened, point(figure, "Reb1"))  # what is shown for a moment is not saved
    name, content = downloaded(opened, figure.get_by_role("button", name="SVG"))
    text, root = content.decode(), ElementTree.fromstring(content)
    assert name == "DanQ_against_DanQ_conv.svg" and root.tag == "{http://www.w3.org/2000/svg}svg"
    assert not re.search(r"currentColor|var\(|tabindex|ring", text)
    words = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {"DanQ against DanQ-conv", "AUPRC, DanQ", "TF", "<b>cofactor</b>", "histone"} <= set(
        words
    )
    assert (
        len([element for element in root.iter() if "data-target" in element.attrib])
        == len(NAMES) - 1
    )

    name, content = downloaded(opened, figure.get_by_role("button", name="PNG"))
    picture = Image.open(io.BytesIO(content)).convert("RGB")
    size = [float(root.get(side).removesuffix("pt")) * 96 / 72 * 2 for side in ("width", "height")]
    assert name.endswith(".png") and picture.size == pytest.approx(size, abs=2)
    pixels = np.asarray(picture)
    assert (pixels[0, 0] == 255).all() and (pixels == 255).all(axis=2).mean() > 0.7
    assert (pixels.max(axis=2) < 60).sum() > 300  # title, axes and their numbers
    assert ((pixels.max(axis=2).astype(int) - pixels.min(axis=2)) > 60).sum() > 300  # points


def test_figures_save_their_numbers(page, folder):
    name, content = downloaded(page, scatter(page, 1).get_by_role("button", name="TSV"))
    rows, comparison = (
        rows_of(content),
        read_table(folder / "comparison.tsv").query("pair == 'danq - danq_residual'"),
    )
    assert name == "DanQ_against_DanQ_residual.tsv"
    assert rows[0][:4] == ["target", "group", "DanQ", "DanQ-residual"] and len(rows) == len(NAMES)
    [reb1] = [row for row in rows if row[0] == "Reb1"]
    comparison = comparison[comparison["name"] == "Reb1"].iloc[0]
    assert [
        float(reb1[rows[0].index(name)])
        for name in ("DanQ", "DanQ-residual", "difference", "low", "high")
    ] == pytest.approx(
        comparison[["auprc_a", "auprc_b", "difference", "low", "high"]].tolist(), rel=1e-5
    )
    for figure in page.locator(".figure").all():
        assert (
            figure.get_by_role("button", name="SVG").count()
            == figure.get_by_role("button", name="PNG").count()
            == 1
        )


def test_the_name_of_a_target_opens_its_curves(page):
    name = table(page, "AUPRC by target").get_by_role("button", name="Reb1", exact=True)
    name.click()
    assert page.get_by_role("dialog", name="Reb1").is_visible()
    page.keyboard.press("Escape")
    assert name.evaluate("(button) => button === document.activeElement")


def test_methods_are_copied_or_at_least_selected(page):
    details = page.locator("details", has_text="Methods, as text for a paper")
    details.get_by_role("button", name="copy: Methods").click()
    said = details.get_by_role("status")
    said.filter(has_text=re.compile("copied|selected")).wait_for()


# --- how it looks ---


BACKGROUND = "(cells) => cells.map((cell) => getComputedStyle(cell).backgroundColor)"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_shading_outranks_the_stripes_on_every_row(visit, tmp_path, scheme):
    rows = [[f"t{row}", p.Cell("0.1", mark="beats"), "0.2"] for row in range(6)]
    write_plain(tmp_path / "page.html", p.table("Scores", ["target", "a", "b"], rows, ["target"]))
    opened = visit(tmp_path / "page.html", color_scheme=scheme)
    shaded = opened.locator("td.beats").evaluate_all(BACKGROUND)
    others = opened.locator("tbody td:not(.beats)").evaluate_all(BACKGROUND)
    assert len(shaded) == 6 and len(set(shaded)) == 1
    assert len(set(others)) == 2 and shaded[0] not in others  # stripes


def test_first_screen_holds_the_answer(page):
    bottoms = [page.locator(f"#answer {part}").bounding_box() for part in (".lead", ".overview")]
    assert all(box["y"] + box["height"] <= 800 for box in bottoms)


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_nothing_but_tables_scrolls_sideways(visit, folder, width):
    opened = visit(folder / "report.html", viewport={"width": width, "height": 800})
    assert opened.evaluate("document.documentElement.scrollWidth") <= width
    point(scatter(opened), "Reb1").focus()
    opened.keyboard.press("Enter")
    box = opened.locator("dialog").bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= width and box["height"] <= 800


# Every text that is shown, with its contrast on the ground behind it.
CONTRASTS = """() => {
    const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
    const luminance = (rgb) => rgb.slice(0, 3).map((value) => value / 255).map((value) =>
        value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4)
        .reduce((sum, value, place) => sum + value * [0.2126, 0.7152, 0.0722][place], 0);
    const ground = (element) => {
        for (let one = element; one; one = one.parentElement) {
            const colour = numbers(getComputedStyle(one).backgroundColor);
            if ((colour[3] ?? 1) === 1) return colour;
        }
        return [255, 255, 255];
    };
    const found = {};
    for (const element of document.querySelectorAll("body *")) {
        const words = [...element.childNodes].filter(
            (node) => node.nodeType === 3 && node.data.trim());
        if (!words.length || !element.checkVisibility({visibilityProperty: true})
            || element.closest("[aria-hidden]")
            || ["title", "SCRIPT", "STYLE", "style"].includes(element.tagName)) continue;
        const style = getComputedStyle(element);
        const ink = luminance(numbers(element instanceof SVGElement ? style.fill : style.color));
        const [low, high] = [ink, luminance(ground(element))].sort((a, b) => a - b);
        const key = `${element.tagName}.${element.className.baseVal ?? element.className}`;
        found[key] = Math.min(found[key] ?? 99, (high + 0.05) / (low + 0.05));
    }
    return found;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_enough_contrast(visit, folder, scheme):
    opened = visit(folder / "report.html", color_scheme=scheme)
    ground = opened.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (np.mean([int(number) for number in re.findall(r"\d+", ground)]) < 60) == (
        scheme == "dark"
    )
    point(scatter(opened), "Reb1").focus()
    opened.keyboard.press("Enter")
    contrasts = opened.evaluate(CONTRASTS)
    assert (
        len(contrasts) > 25
        and {key: value for key, value in contrasts.items() if value < 4.5} == {}
    )


@pytest.fixture
def axe():
    """Return what looks for faults of accessibility, see https://github.com/dequelabs/axe-core."""
    module = pytest.importorskip(
        "axe_playwright_python.sync_playwright",
        reason="axe-playwright-python is not installed: pip install 'danq[dev]'",
    )
    return module.Axe()


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1280, "dark"), (390, "light")])
def test_axe_finds_nothing(visit, folder, axe, width, scheme):
    size = {"width": width, "height": 800}
    opened = visit(folder / "report.html", viewport=size, color_scheme=scheme)
    opened.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    opened.set_default_timeout(60_000)
    results = axe.run(opened)
    assert results.violations_count == 0, results.generate_report()


def test_axe_would_find_something(chromium, axe):
    opened = chromium.new_page()
    opened.set_content("<main><h1>A page</h1><img src='data:,'></main>")
    found = {finding["id"] for finding in axe.run(opened).response["violations"]}
    opened.close()
    assert "image-alt" in found


def test_print_shows_everything_in_black_on_white(visit, folder):
    opened = visit(folder / "report.html", color_scheme="dark")
    point(scatter(opened), "Reb1").focus()
    opened.keyboard.press("Enter")
    content = opened.pdf(format="A4")
    assert content.startswith(b"%PDF") and len(re.findall(rb"/Type\s*/Page\b", content)) > 5
    opened.emulate_media(media="print")
    opened.set_viewport_size({"width": 690, "height": 1000})  # A4 within its margins
    for hidden in (".tools", ".tooltip", ".ring", "dialog", "nav", ".skip"):
        assert not any(element.is_visible() for element in opened.locator(hidden).all()), hidden
    assert opened.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
    for ground in ("body", ".figure", ".card", "td"):
        colour = opened.locator(ground).first.evaluate(
            "(one) => getComputedStyle(one).backgroundColor"
        )
        assert colour == "rgb(255, 255, 255)"
    cut = (
        "(boxes) => boxes.filter("
        "(box) => box.scrollHeight > box.clientHeight + 1 || box.scrollWidth > 690).length"
    )
    assert opened.locator(".scroll").evaluate_all(cut) == 0
    assert opened.locator("pre").first.is_visible()


def test_folded_text_unfolds_for_print_and_folds_again(visit, folder):
    page = visit(folder / "report.html")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("details:not([open])").count() == 0
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("details[open]").count() == 0


# --- less than all of it ---


def test_without_script_everything_reads(visit, folder):
    opened = visit(folder / "report.html", java_script_enabled=False)
    assert (
        opened.get_by_role("button").count() == 0 and opened.get_by_role("searchbox").count() == 0
    )
    assert opened.get_by_role("img", name="DanQ against DanQ-conv").is_visible()
    assert opened.get_by_role("rowheader", name="Reb1").first.is_visible()
    assert point(scatter(opened), "Reb1").count() == 1


def test_without_curves_points_are_named_and_no_buttons(visit, tmp_path):
    folder = write_run(tmp_path / "run")
    r.report(folder, folder / "report.html")
    opened = visit(folder / "report.html")
    mark = point(scatter(opened), "Reb1")
    pointer(opened, mark)
    assert opened.locator(".tooltip").is_visible() and mark.get_attribute("role") == "img"
    opened.mouse.down()
    opened.mouse.up()
    opened.keyboard.press("Enter")
    assert opened.locator("dialog").is_hidden()


def test_names_and_roles_for_a_screen_reader(page):
    for role in ("banner", "navigation", "main", "contentinfo"):
        assert page.get_by_role(role).count() == 1
    assert page.get_by_role("region", name="The comparison").count() == 1
    figure = page.get_by_role("group", name="DanQ against DanQ-conv", exact=True)
    assert figure.count() == 1 and "igher on" in figure.evaluate(
        "(one) => document.getElementById(one.getAttribute('aria-describedby')).textContent"
    )
    assert page.get_by_role("button", name=re.compile(r"^Reb1 \(TF\): DanQ")).count() >= 5
    assert page.get_by_role("table", name="AUPRC by target").count() == 1
    assert page.get_by_role("columnheader", name="DeepSEA").first.is_visible()
