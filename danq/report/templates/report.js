// What a reader can do with the page beyond reading it: tables that sort, filter and save; figures that save; points
// that name their target and open its precision-recall curves. Without this script everything still reads.
// Whatever comes from the data is put in as text or as an attribute, never as markup: no innerHTML, and the page's
// Content-Security-Policy has the browser refuse it.
"use strict";
{
  const SVG = "http://www.w3.org/2000/svg";
  const data = document.getElementById("curves");
  const curves = data && JSON.parse(data.textContent);
  const light = document.styleSheets[0].cssRules[0].style;  // the light theme, in which figures are saved

  function fill(element, attributes, children) {
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  }
  const html = (tag, attributes = {}, ...children) => fill(document.createElement(tag), attributes, children);
  const svg = (tag, attributes = {}, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);
  const button = (text, action, attributes = {}) => {
    const element = html("button", {type: "button", ...attributes}, text);
    element.addEventListener("click", action);
    return element;
  };

  // --- saving ---

  const NUMBER = /^[+−-]?(\d{1,3}(,\d{3})+|\d+)(\.\d+)?(e[+−-]?\d+)?( %)?$/i;

  // A text as one cell of a TSV file. A spreadsheet takes what begins like this for a formula, and would run it
  // (https://owasp.org/www-community/attacks/CSV_Injection); an apostrophe keeps it a text.
  function cell(text) {
    const flat = String(text).replace(/\s+/g, " ").trim();
    return /^[=+\-@＝＋－＠]/.test(flat) && !NUMBER.test(flat) ? `'${flat}` : flat;
  }

  // A number as shown, for programs: with the minus of a keyboard, without separators of thousands.
  const numeral = (text) => NUMBER.test(text) ? text.replaceAll("−", "-").replaceAll(",", "") : text;

  const tsv = (columns, rows) => [columns, ...rows].map((row) => row.map(cell).join("\t") + "\n").join("");

  function save(title, ending, content) {
    const name = title.replace(/[^\p{L}\p{N}]+/gu, "_").replace(/^_+|_+$/g, "").slice(0, 80) || "danq";
    const link = html("a", {href: URL.createObjectURL(new Blob([content])), download: `${name}.${ending}`});
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  }

  // --- tables ---

  const collator = new Intl.Collator("en", {numeric: true});
  const SECONDS = {h: 3600, min: 60, s: 1};
  // The text of a cell without its note.
  const main = (td) => [...(td.querySelector("button.curves") ?? td).childNodes]
    .filter((node) => node.nodeType === Node.TEXT_NODE).map((node) => node.data).join("").trim();

  // The number that a text begins with; a time span in seconds; NaN for NA and other words.
  function value(text) {
    const spans = [...text.matchAll(/(\d+) (h|min|s)\b/g)];
    if (spans.length) return spans.reduce((sum, [, count, unit]) => sum + count * SECONDS[unit], 0);
    const match = /^[+−-]?[\d,]*\.?\d+(e[+−-]?\d+)?/i.exec(text);
    return match ? Number(match[0].replaceAll(",", "").replaceAll("−", "-")) : NaN;
  }

  // What is compared in a column: numbers, or words in a column of words; what is undefined comes last either way.
  function order(keys, direction) {
    return (a, b) => {
      const [x, y] = [keys.get(a), keys.get(b)];
      const [xUndefined, yUndefined] = [x, y].map((key) => key === "NA" || Number.isNaN(key));
      if (xUndefined || yUndefined) return xUndefined - yUndefined;
      return direction * (typeof x === "string" ? collator.compare(x, y) : x - y);
    };
  }

  function sortable(table) {
    const heads = [...table.tHead.rows[0].cells], body = table.tBodies[0], original = [...body.rows];
    heads.forEach((head, column) => {
      let keys = null;  // read once, at the first click
      const toKey = head.classList.contains("word") ? String : value;
      head.append(button(head.textContent, () => {
        keys ??= new Map(original.map((row) => [row, toKey(main(row.cells[column]))]));
        // Ascending, descending, and the original order.
        const sort = {null: "ascending", ascending: "descending"}[head.getAttribute("aria-sort")];
        heads.forEach((heading) => heading.removeAttribute("aria-sort"));
        if (sort) head.setAttribute("aria-sort", sort);
        body.append(...(sort ? [...original].sort(order(keys, sort === "ascending" ? 1 : -1)) : original));
      }));
      head.firstChild.remove();
    });
  }

  function filterable(table, title) {
    const rows = [...table.tBodies[0].rows], heads = [...table.tHead.rows[0].cells];
    let texts = null;  // read once, at the first character
    const input = html("input", {type: "search", placeholder: "Filter rows", "aria-label": `Filter rows: ${title}`,
                                 spellcheck: "false", autocomplete: "off"});
    const count = html("output", {"aria-live": "polite"});
    input.addEventListener("focus", () => {  // columns that keep their width do not jump while rows come and go
      const widths = heads.map((head) => head.offsetWidth);
      heads.forEach((head, column) => { head.style.minWidth = `${widths[column]}px`; });
    });
    input.addEventListener("input", () => {
      texts ??= rows.map((row) => row.textContent.toLowerCase());
      const wanted = input.value.trim().toLowerCase();
      rows.forEach((row, index) => { row.hidden = !texts[index].includes(wanted); });
      const nVisible = rows.filter((row) => !row.hidden).length;
      count.textContent = wanted ? `${nVisible} of ${rows.length} rows` : "";
    });
    return [count, input];
  }

  // All rows, whatever the filter hides. A column with notes (intervals, mostly) is followed by one of its notes.
  function tableTsv(table) {
    const heads = [...table.tHead.rows[0].cells], rows = [...table.tBodies[0].rows];
    const columns = [], cells = rows.map(() => []);
    heads.forEach((head, column) => {
      const words = head.classList.contains("word");
      const notes = rows.map((row) => row.cells[column].querySelector("small")?.textContent ?? "");
      columns.push(head.textContent);
      rows.forEach((row, index) => {
        const text = main(row.cells[column]);
        cells[index].push(words ? text : numeral(text));
      });
      if (notes.some(Boolean)) {
        columns.push(`${head.textContent}, note`);
        notes.forEach((note, index) => cells[index].push(note));
      }
    });
    return tsv(columns, cells);
  }

  // Rows that a long table has as data, put in as text.
  function addRows(table, rows) {
    const words = [...table.tHead.rows[0].cells].map((head) => head.classList.contains("word"));
    table.tBodies[0].append(...rows.map((texts) => html("tr", {}, ...texts.map((text, column) =>
      html(column ? "td" : "th", {...(column ? {} : {scope: "row"}), ...(words[column] ? {class: "word short"} : {})}, text)))));
  }

  for (const box of document.querySelectorAll(".table")) {
    const more = box.querySelector("script.rows");
    if (more) addRows(box.querySelector("table"), JSON.parse(more.textContent));
    const table = box.querySelector("table"), title = box.querySelector("h3").textContent;
    const long = table.tBodies[0].rows.length > 15;
    const saving = button("save TSV", () => save(title, "tsv", tableTsv(table)), {"aria-label": `save TSV: ${title}`});
    box.querySelector("h3").after(html("div", {class: "tools"}, ...(long ? filterable(table, title) : []), saving));
    sortable(table);
  }

  // --- text ---

  // A page opened from a file may not have the clipboard: then the text is selected, for the reader to copy.
  function copy(pre, output) {
    const select = () => {
      getSelection().selectAllChildren(pre);
      output.textContent = document.execCommand("copy") ? "copied" : "selected";
    };
    if (!navigator.clipboard) select();
    else navigator.clipboard.writeText(pre.textContent).then(() => { output.textContent = "copied"; }, select);
  }

  for (const pre of document.querySelectorAll("details > pre")) {
    const title = pre.parentNode.querySelector("summary").textContent;
    const output = html("output", {"aria-live": "polite"});
    pre.before(html("div", {class: "tools"}, output,
                    button("copy", () => copy(pre, output), {"aria-label": `copy: ${title}`})));
  }

  // --- logos ---

  // Sort the logos of a gallery by what they carry, the largest effect or number of sites or the surest name first.
  const RANKS = {q: ["surest name", 1], effect: ["largest effect", -1], sites: ["most sites", -1]};

  for (const logos of document.querySelectorAll(".logos")) {
    const original = [...logos.children];
    const offered = Object.entries(RANKS).filter(([name]) => new Set(original.map((logo) => logo.dataset[name])).size > 1);
    if (!offered.length) continue;
    const buttons = offered.map(([name, [text, direction]]) => button(text, (event) => {
      const pressed = event.currentTarget.getAttribute("aria-pressed") === "true";
      for (const item of buttons) item.setAttribute("aria-pressed", "false");
      event.currentTarget.setAttribute("aria-pressed", String(!pressed));
      // A second press restores the original order.
      logos.append(...(pressed ? original : [...original].sort((a, b) =>
        direction * (Number(a.dataset[name]) - Number(b.dataset[name])))));
    }, {"aria-pressed": "false"}));
    logos.before(html("div", {class: "tools"}, html("span", {}, "sort by"), ...buttons));
  }

  // --- figures ---

  // A figure as a document of its own: its drawing under its title and legend, in the light theme, on white.
  function standalone(figure) {
    const drawing = figure.querySelector(":scope > svg").cloneNode(true);
    const [, , width, height] = drawing.getAttribute("viewBox").split(" ").map(Number);
    const pen = html("canvas").getContext("2d");
    const top = svg("g", {style: "font-family: 'DejaVu Sans', sans-serif; font-size: 9px; fill: currentColor"},
                    svg("text", {x: 8, y: 14, style: "font-size: 11px; font-weight: bold"},
                        figure.querySelector("h2, h3").textContent));
    let [x, y] = [8, 30];
    pen.font = "9px 'DejaVu Sans', sans-serif";
    for (const item of figure.querySelectorAll(".legend li")) {
      const sign = item.querySelector("span"), text = item.textContent.trim().slice(sign.textContent.length);
      const itemWidth = 24 + 1.1 * pen.measureText(text).width;
      if (x > 8 && x + itemWidth > width) [x, y] = [8, y + 13];
      top.append(svg("text", {x, y, style: `fill: ${sign.style.color}`}, sign.textContent),
                 svg("text", {x: x + 11, y}, text.trim()));
      x += itemWidth;
    }
    drawing.querySelectorAll(".ring").forEach((ring) => ring.remove());
    if (drawing.querySelector("use[href^='#base-']")) {  // the shapes of bases, which all logos share
      drawing.prepend(document.querySelector(".bases defs").cloneNode(true));
    }
    const total = height + y + 6;
    const page = svg("svg", {viewBox: `0 0 ${width} ${total}`, width: `${width}pt`, height: `${total}pt`},
                     svg("rect", {width, height: total, style: "fill: #ffffff"}), top,
                     svg("g", {transform: `translate(0 ${y + 6})`}, ...drawing.childNodes));
    const resolved = (style) => style.replaceAll("currentColor", "var(--ink)")
      .replace(/var\((--[\w-]+)[^)]*\)/g, (_, name) => light.getPropertyValue(name));
    for (const element of page.querySelectorAll("[style]")) {
      element.setAttribute("style", resolved(element.getAttribute("style")));
    }
    for (const mark of page.querySelectorAll("[tabindex]")) {
      for (const name of ["tabindex", "role"]) mark.removeAttribute(name);
    }
    return new XMLSerializer().serializeToString(page);
  }

  async function savePng(figure, title) {
    const image = new Image();
    image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(standalone(figure))}`;
    await image.decode();
    const canvas = html("canvas", {width: 2 * image.width, height: 2 * image.height});
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    canvas.toBlob((blob) => save(title, "png", blob));
  }

  // Give a figure its buttons; `numbers` are its columns and rows, if it has any.
  function equip(figure, numbers) {
    const title = figure.querySelector("h2, h3").textContent;
    const tool = (name, action) => button(name, action, {"aria-label": `save ${name}: ${title}`});
    const tools = html("div", {class: "tools"}, html("span", {"aria-hidden": "true"}, "save"),
      tool("SVG", () => save(title, "svg", standalone(figure))),
      tool("PNG", () => savePng(figure, title)));
    if (numbers) tools.append(tool("TSV", () => save(title, "tsv", tsv(...numbers))));
    figure.append(tools);
  }

  for (const figure of document.querySelectorAll(".figure")) {
    const numbers = figure.querySelector("script");
    equip(figure, numbers && JSON.parse(numbers.textContent));
  }

  // --- precision-recall curves of a target ---

  const dialog = html("dialog", {"aria-labelledby": "curves-title"});
  document.body.append(dialog);
  let opener = null;
  dialog.addEventListener("close", () => opener?.focus());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());

  const INK = "fill: currentColor; font-family: 'DejaVu Sans', sans-serif; font-size: 11px";

  function drawCurves(target) {
    const [x, y] = [(recall) => 48 + 400 * recall, (precision) => 310 - 300 * precision];
    const drawn = svg("svg", {viewBox: "0 0 460 356", role: "img", "aria-labelledby": "curves-title",
                              "aria-describedby": "curves-note"});
    for (const tick of [0, 0.2, 0.4, 0.6, 0.8, 1]) {
      const line = {style: "stroke: currentColor; stroke-opacity: 0.13; stroke-width: 0.8"};
      drawn.append(svg("line", {x1: x(0), x2: x(1), y1: y(tick), y2: y(tick), ...line}),
                   svg("line", {x1: x(tick), x2: x(tick), y1: y(0), y2: y(1), ...line}),
                   svg("text", {x: x(0) - 6, y: y(tick) + 4, style: INK, "text-anchor": "end"}, tick.toFixed(1)),
                   svg("text", {x: x(tick), y: y(0) + 16, style: INK, "text-anchor": "middle"}, tick.toFixed(1)));
    }
    drawn.append(svg("text", {x: x(0.5), y: y(0) + 36, style: INK, "text-anchor": "middle"}, "recall"),
                 svg("text", {transform: `translate(12 ${y(0.5)}) rotate(-90)`, style: INK, "text-anchor": "middle"},
                     "precision"));
    if (target.prevalence !== "NA") {
      const level = y(target.prevalence);
      drawn.append(svg("line", {x1: x(0), x2: x(1), y1: level, y2: level, class: "prevalence",
                                style: "stroke: currentColor; stroke-dasharray: 5 4; stroke-opacity: 0.7"}),
                   svg("text", {x: x(0) + 4, y: level - 5, style: INK},
                       `prevalence ${(100 * target.prevalence).toPrecision(3)} %`));
    }
    curves.models.forEach((model, index) => {
      // A level of recall without a precision is left out.
      const points = curves.recall.map((recall, level) => [x(recall / 1000), target.precision[index]?.[level]])
        .filter(([, precision]) => precision != null).map(([at, precision]) => [at, y(precision / 1000)]);
      const sign = {style: `fill: ${model.colour}; font-size: 9px; font-family: 'DejaVu Sans', sans-serif`,
                    "text-anchor": "middle", "aria-hidden": "true"};
      drawn.append(svg("polyline", {points: points.map((point) => point.map((coordinate) => coordinate.toFixed(1)).join()).join(" "),
                                    class: "curve", style: `fill: none; stroke: ${model.colour}; stroke-width: 2`}),
                   // A second sign of the model, beside its colour; the curves have theirs at different recalls.
                   ...points.filter((_, level) => level % 12 === 2 + 2 * (index % 5)).map(([at, level]) =>
                     svg("text", {x: at, y: level + 3.3, ...sign}, model.glyph)));
    });
    return drawn;
  }

  function openCurves(mark) {
    const target = curves?.targets[mark.dataset.target];
    if (!target) return;
    hide();
    const items = curves.models.flatMap((model, index) => target.precision[index] ? [html("li", {},
      html("span", {"aria-hidden": "true", style: `color: ${model.colour}`}, model.glyph),
      ` ${model.name}, AUPRC ${target.auprc[index]}`)] : []);
    const figure = html("figure", {class: "figure"},
      html("figcaption", {}, html("h2", {id: "curves-title"}, target.name), html("ul", {class: "legend"}, ...items),
           html("p", {class: "note", id: "curves-note"}, `Group: ${target.group}. `,
                `Precision at ${curves.recall.length} levels of recall, averaged over seeds. `,
                "Dashed: the prevalence, which is the precision of guessing.")),
      drawCurves(target));
    const thousandths = (number) => number == null ? "NA" : number / 1000;
    equip(figure, [["recall", ...curves.models.map((model) => model.name)],
                   curves.recall.map((recall, level) => [recall, ...target.precision.map((curve) => curve?.[level])]
                     .map(thousandths))]);
    dialog.replaceChildren(figure, button("Close", () => dialog.close(), {class: "close", autofocus: ""}));
    opener = mark;
    dialog.showModal();
  }

  // The names of targets in tables open their curves, too.
  const byName = new Map(Object.entries(curves?.targets ?? {}).map(([index, target]) => [target.name, index]));

  for (const table of document.querySelectorAll("table")) {
    if (main(table.tHead.rows[0].cells[0].querySelector("button")) !== "target") continue;
    for (const row of table.tBodies[0].rows) {
      const head = row.cells[0], index = byName.get(main(head));
      if (index === undefined) continue;
      const name = html("button", {type: "button", class: "curves"}, main(head));
      name.dataset.target = index;
      name.addEventListener("click", () => openCurves(name));
      head.replaceChildren(name, ...head.querySelectorAll("small"));
    }
  }

  // --- points ---

  const tooltip = html("div", {class: "tooltip", "aria-hidden": "true", hidden: ""});  // the point's name says the same
  document.body.append(tooltip);
  const marksOf = new Map();  // by target: its points in all figures
  let rings = [], active = null, leaving = 0;

  const centre = (mark, box = mark.getBBox()) => [box.x + box.width / 2, box.y + box.height / 2];

  function hide() {
    active = null;
    tooltip.hidden = true;
    rings.forEach((ring) => ring.remove());
    rings = [];
  }

  function show(mark) {
    clearTimeout(leaving);
    hide();
    rings = (marksOf.get(mark.dataset.target) ?? [mark]).map((marker) => {
      const [cx, cy] = centre(marker);
      return marker.ownerSVGElement.appendChild(svg("circle", {class: "ring", cx, cy, r: 6.5}));
    });
    tooltip.textContent = mark.querySelector("title").textContent;
    tooltip.hidden = false;
    active = mark;
    moveTooltip();
  }

  function moveTooltip() {
    const box = active.getBoundingClientRect(), [width, height] = [tooltip.offsetWidth, tooltip.offsetHeight];
    const right = document.documentElement.clientWidth - width - 8;
    const left = Math.min(Math.max(8, box.left + box.width / 2 - width / 2), right);
    const above = box.top - height - 10;
    tooltip.style.left = `${left}px`;
    tooltip.style.top = `${above < 8 ? box.bottom + 10 : above}px`;
  }

  // A reader may move onto the tooltip, to select its text.
  const leave = () => {
    clearTimeout(leaving);
    leaving = setTimeout(hide, 200);
  };
  tooltip.addEventListener("pointerenter", () => clearTimeout(leaving));
  tooltip.addEventListener("pointerleave", leave);
  addEventListener("keydown", (event) => event.key === "Escape" && hide());
  addEventListener("scroll", () => active && moveTooltip(), {passive: true});

  // Tie a drawing's points to the pointer, which need only be near, and to the keyboard: one of them takes part in
  // the order of tabs, and the arrow keys lead from it to the next along an axis.
  function lively(drawing, marks) {
    let current = marks[0], centres = null;
    const located = () => centres ??= marks.map((mark) => [mark, ...centre(mark)]);

    function near(event) {
      const back = drawing.getScreenCTM().inverse();
      const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(back);
      let [nearest, least] = [null, 12 * back.a];  // within 12 pixels
      for (const [mark, x, y] of located()) {
        const distance = Math.hypot(x - at.x, y - at.y);
        if (distance < least) [nearest, least] = [mark, distance];
      }
      return nearest;
    }

    function enter(mark) {
      current.setAttribute("tabindex", -1);
      current = mark;
      mark.setAttribute("tabindex", 0);
    }

    function along(axis, step) {
      const sorted = [...located()].sort((a, b) => a[axis] - b[axis]);
      const index = sorted.findIndex(([mark]) => mark === current) + step;
      return sorted[Math.min(Math.max(index, 0), sorted.length - 1)][0];
    }

    const KEYS = {ArrowRight: () => along(1, 1), ArrowLeft: () => along(1, -1), ArrowUp: () => along(2, -1),
                  ArrowDown: () => along(2, 1), Home: () => along(1, -Infinity), End: () => along(1, Infinity)};
    const hasCurves = (mark) => curves?.targets[mark.dataset.target] !== undefined;

    drawing.setAttribute("role", "group");  // an image has no parts that take the focus
    drawing.classList.add("lively");
    for (const mark of marks) {
      mark.setAttribute("role", hasCurves(mark) ? "button" : "img");
      mark.setAttribute("tabindex", -1);
      if (mark.dataset.target) marksOf.set(mark.dataset.target, [...marksOf.get(mark.dataset.target) ?? [], mark]);
    }
    enter(current);
    drawing.addEventListener("pointermove", (event) => {
      const mark = near(event);
      drawing.classList.toggle("near", mark !== null && hasCurves(mark));
      if (mark) show(mark);
      else if (rings.length) leave();
    });
    drawing.addEventListener("pointerleave", leave);
    // On the figure: a drawing that listens to these would take the focus itself.
    drawing.parentNode.addEventListener("focusin", (event) => {
      if (!marks.includes(event.target)) return;
      enter(event.target);
      show(event.target);
    });
    drawing.parentNode.addEventListener("focusout", hide);
    drawing.addEventListener("click", (event) => {
      const mark = marks.includes(event.target) ? event.target : near(event);
      if (!mark) return;
      enter(mark);
      openCurves(mark);
    });
    drawing.addEventListener("keydown", (event) => {
      if (event.altKey || event.ctrlKey || event.metaKey) return;  // Alt and an arrow lead back a page
      if (event.key === "Enter" || event.key === " ") openCurves(current);
      else if (KEYS[event.key]) {
        enter(KEYS[event.key]());
        current.focus();
      } else return;
      event.preventDefault();
    });
  }

  for (const drawing of document.querySelectorAll(".figure > svg")) {
    const marks = [...drawing.querySelectorAll("title")].map((title) => title.parentNode);
    if (marks.length) lively(drawing, marks);
  }

  // --- printing: what is folded is shown ---

  let folded = [];
  addEventListener("beforeprint", () => {
    folded = [...document.querySelectorAll("details:not([open])")];
    folded.forEach((details) => { details.open = true; });
  });
  addEventListener("afterprint", () => folded.forEach((details) => { details.open = false; }));
}
