// The page: which records are listed, which one is shown, and what buttons and keys do.

const data = JSON.parse(byId("data").textContent);
const marks = new Marks(data.run.checksum);
const at = new Map(data.records.map((record, place) => [record.index, place]));
const items = data.records.map(listItem);
let listed = []; // places of the records that the filters let through
let current = 0; // place of the record that is shown

function listItem(record, place) {
  const sign = record.state ? data.states[record.state].sign : "·";
  const button = make("button", { type: "button" },
    make("span", { class: `sign ${record.state}`, "aria-hidden": "true" }, sign),
    make("span", { class: "id" }, record.id || String(record.index)),
    record.state ? unseen(`, ${data.states[record.state].name}`) : null,
    make("span", { class: "mark" }));
  button.addEventListener("click", () => goTo(place));
  return make("li", null, button);
}

function paintItem(place) {
  const mark = marks.of(data.records[place]);
  const spot = items[place].querySelector(".mark");
  spot.className = `mark ${mark}`;
  spot.replaceChildren(...(mark ? [make("span", { "aria-hidden": "true" }, SIGNS[mark]), unseen(`, ${mark}`)] : []));
}

function passes(record) {
  const [state, kind, judge, mark] = ["by-state", "by-kind", "by-judge", "by-mark"].map((id) => byId(id).value);
  const text = byId("by-id").value.trim().toLowerCase();
  return (!state || record.state === state)
    && (!kind || record.findings.some((one) => one[0] === kind))
    && (!judge || record.judge?.meaning === judge)
    && (!mark || (marks.of(record) || "unmarked") === mark)
    && (!text || record.id.toLowerCase().includes(text) || String(record.index) === text);
}

function filter() {
  listed = [];
  data.records.forEach((record, place) => {
    const hidden = !passes(record);
    items[place].hidden = hidden;
    if (!hidden) listed.push(place);
  });
  byId("count").textContent = `${listed.length.toLocaleString("en")} of ${data.records.length.toLocaleString("en")} ${data.run.rows}`;
}

function say(text) {
  byId("said").textContent = text;
}

function title(record) {
  const kinds = [...new Set(record.findings.map((one) => one[0]))].join(", ");
  const state = record.state ? `, ${data.states[record.state].name}` : "";
  return `${record.id || record.index}${state}${kinds ? `: ${kinds}` : ""}`;
}

/** Show a record, and say so; `before` is what is said first. */
function show(place, before = "") {
  items[current].firstChild.removeAttribute("aria-current");
  current = place;
  paint();
  items[current].firstChild.setAttribute("aria-current", "true");
  items[current].scrollIntoView({ block: "nearest" });
  const number = listed.indexOf(current) + 1;
  say(`${before}${number ? `${number} of ${listed.length}: ` : ""}${title(data.records[current])}`);
}

/** Show a record from its top. */
function goTo(place, before = "") {
  show(place, before);
  const { top } = byId("record").getBoundingClientRect();
  if (top < 0 || top > innerHeight / 3) byId("record").scrollIntoView();
}

function paint() {
  const record = data.records[current];
  const mark = marks.of(record);
  byId("record").replaceChildren(...showRecord(record, mark, data));
  byId("accept").setAttribute("aria-pressed", mark === "accepted");
  byId("reject").setAttribute("aria-pressed", mark === "rejected");
  byId("undo").disabled = !marks.done.length;
  const number = listed.indexOf(current) + 1;
  byId("place").textContent = `${number || "–"} of ${listed.length.toLocaleString("en")}`;
  paintMarked();
}

function paintMarked() {
  const [accepted, rejected] = [marks.count("accepted"), marks.count("rejected")];
  const where = marks.kept ? "kept in this browser" : "not kept by this browser: save before you leave";
  byId("marked").textContent = accepted + rejected
    ? `${accepted} accepted, ${rejected} rejected; ${marks.saved ? "saved" : `not saved, ${where}`}`
    : "nothing marked yet";
  byId("save").disabled = !(accepted + rejected);
}

/** The place of the record so many steps away among those listed; null at the end. */
function step(steps) {
  const number = listed.indexOf(current);
  if (number >= 0) return listed[number + steps] ?? null;
  return (steps > 0 ? listed.find((place) => place > current) : listed.findLast((place) => place < current)) ?? null;
}

function go(steps) {
  const place = step(steps);
  if (place === null) say(steps > 0 ? "This is the last one." : "This is the first one.");
  else goTo(place);
}

function decide(mark) {
  const record = data.records[current];
  const again = marks.of(record) === mark;
  marks.set(record, again ? "" : mark);
  const next = again ? null : step(1);
  paintItem(current);
  filter();
  const said = again ? `No mark on ${record.id || record.index}. ` : `${record.id || record.index} ${mark}. `;
  goTo(next ?? current, said);
}

function undo() {
  const index = marks.undo();
  if (index === null) return say("Nothing to undo.");
  const place = at.get(index) ?? current;
  paintItem(place);
  filter();
  return goTo(place, "Undone. ");
}

function save() {
  if (byId("save").disabled) return say("Nothing is marked yet.");
  marks.save();
  const next = byId("next");
  next.replaceChildren("Saved. Then: ", ...data.run.next.flatMap((command) => [make("code", null, command), " "]));
  next.hidden = false;
  paintMarked();
  return say("Saved as review.jsonl.");
}
