// One record, as it is looked at.

const opened = new Map(); // which parts are unfolded, from record to record

function fold(name, title, open, ...content) {
  const part = make("details", { class: "part", open: opened.get(name) ?? open },
    make("summary", null, make("h3", null, title)), ...content);
  part.addEventListener("toggle", () => opened.set(name, part.open));
  return part;
}

const part = (title, ...content) => make("section", { class: "part" }, make("h3", null, title), ...content);

/** Pieces alternate: the same, changed, the same, … */
function marked(pieces, tag, around = "p") {
  const parts = pieces.map((text, place) => (place % 2 ? make(tag, null, text) : text));
  return make(around, { class: "text note", dir: "auto" }, ...parts);
}

const arrow = () => [make("span", { "aria-hidden": "true" }, " → "), unseen(" became ")];

function sides({ left, right }) {
  return make("div", { class: "sides" },
    make("div", { class: "side" }, make("h4", null, left[0]), marked(left[1], "del")),
    make("div", { class: "side" }, make("h4", null, right[0]), marked(right[1], "ins")));
}

function change(was, became) {
  const quote = (text, tag) =>
    text ? make(tag, { class: "text", dir: "auto" }, text) : make("span", { class: "muted" }, "nothing");
  return make("span", { class: "change" }, quote(was, "del"), ...arrow(), quote(became, "ins"));
}

function findings(record, data) {
  const rows = record.findings.map(([kind, was, became]) => make("li", null,
    make("strong", { class: "kind" }, kind), " ", make("span", null, data.kinds[kind] ?? ""),
    was || became ? make("div", null, data.steps.includes(kind) ? `of step ${was}` : change(was, became)) : null));
  return rows.length ? part("Findings of the rules", make("ul", { class: "findings" }, ...rows)) : null;
}

function unproven(record) {
  if (!record.unproven.length) return null;
  const rows = record.unproven.map(([was, became]) =>
    make("li", null, marked(was, "del", "span"), ...arrow(), marked(became, "ins", "span")));
  return fold(`unproven ${record.state}`, "No rule accounts for", record.state === "open",
    make("ul", { class: "findings" }, ...rows));
}

const MEANINGS = { same: "the same meaning", different: "another meaning", open: "the two orders disagree" };

function judged({ judge }) {
  if (!judge) return null;
  const about = [judge.kind, judge.severity].filter((word) => word && word !== "none").join(", ");
  const quotes = judge.quotes.map(([same, was, became], place) => make("li", null,
    make("strong", null, `${place ? "Revision" : "Original"} first: ${same ? "same" : "different"}`), " ",
    was || became ? change(was, became) : null));
  return part("The judge", make("p", null, make("strong", null, MEANINGS[judge.meaning] ?? judge.meaning),
    about ? ` (${about})` : "", judge.trust ? `; together with the rules: ${judge.trust}` : ""),
    quotes.length ? make("ul", { class: "findings" }, ...quotes) : null);
}

function calls(record) {
  if (!record.calls.length) return null;
  const known = record.calls.every((call) => call.cost !== null);
  const cost = record.calls.reduce((sum, call) => sum + (call.cost ?? 0), 0);
  const names = ["Step", "Model", "End", "Tokens in", "out", "Attempts", "USD"];
  const rows = record.calls.map((call) => make("tr", null, make("th", { scope: "row" }, call.step),
    ...[call.model, call.finish].map((text) => make("td", null, text)),
    ...(call.tokens ?? ["", ""]).map((number) => make("td", { class: "number" }, number.toLocaleString("en"))),
    make("td", null, call.attempts), make("td", { class: "number" }, call.cost === null ? "" : money(call.cost).slice(0, -4))));
  const head = names.map((name) => make("th", { scope: "col" }, name));
  const table = make("table", null, make("thead", null, make("tr", null, ...head)), make("tbody", null, ...rows));
  const title = `${record.calls.length} call${record.calls.length === 1 ? "" : "s"}, ${known ? money(cost) : "cost not known"}`;
  return fold("calls", title, false,
    make("div", { class: "scroll", role: "region", tabindex: 0, "aria-label": "Calls" }, table));
}

function badge(state, data) {
  const { sign, name, says } = data.states[state];
  return make("span", { class: `badge ${state}`, title: says }, make("span", { "aria-hidden": "true" }, `${sign} `), name);
}

const SIGNS = { accepted: "✔", rejected: "✘" };

function markBadge(mark) {
  if (!mark) return make("span", { class: "badge" }, "not marked");
  return make("span", { class: `badge ${mark}` }, make("span", { "aria-hidden": "true" }, `${SIGNS[mark]} `), mark);
}

function showRecord(record, mark, data) {
  const [first, ...others] = record.sides;
  const lines = record.lines.map(([name, values]) => make("div", null, make("h4", null, name), showNamed(values)));
  return [
    make("div", { class: "head" },
      make("h2", null, record.id || `${data.run.row} ${record.index}`),
      make("p", { class: "muted" }, `index ${record.index}`),
      make("p", { class: "badges" }, record.state ? badge(record.state, data) : null, markBadge(mark))),
    first ? part("What changed", sides(first), make("p", { class: "muted legend" },
      make("del", null, "struck"), " went, ", make("ins", null, "underlined"), " came")) : null,
    findings(record, data), unproven(record), judged(record),
    ...others.map((other) => fold("error", other.right[0], false, sides(other))),
    record.fields.length ? fold("fields", "Fields of the input", !first, showNamed(record.fields)) : null,
    ...record.reasoning.map(([label, value]) => fold(`reasoning ${label}`, `Reasoning, ${label}`, true, showValue(value))),
    lines.length ? fold("lines", first ? "Also written" : "Written", !first, ...lines) : null,
    calls(record),
  ].filter((one) => one !== null);
}
