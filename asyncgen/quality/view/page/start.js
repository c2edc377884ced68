// What is done once: texts of the head, choices of the filters, buttons, keys.

const KEYS = {
  n: () => go(1), j: () => go(1), p: () => go(-1), k: () => go(-1),
  a: () => decide("accepted"), r: () => decide("rejected"), u: undo, s: save,
  "/": () => byId("by-id").focus(),
};

function choices(select, all, options) {
  select.append(make("option", { value: "" }, all),
    ...options.map(([value, text]) => make("option", { value }, text)));
}

function counted(values) {
  const counts = new Map();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

function press(event) {
  const typing = event.target.matches("input:not([type=checkbox]), select, textarea");
  if (event.key === "Escape" && typing) event.target.blur();
  if (typing || event.ctrlKey || event.metaKey || event.altKey || !byId("keys").checked) return;
  const act = data.records.length ? KEYS[event.key] : undefined;
  if (act) {
    event.preventDefault();
    act();
  }
}

function refilter() {
  filter();
  if (!listed.length) {
    paint();
    say("No record passes the filters.");
  } else if (listed.includes(current)) show(current);
  else show(listed[0]);
}

byId("name").textContent = data.run.name;
byId("shown").textContent = data.run.shown;
const states = counted(data.records.map((record) => record.state).filter(Boolean));
choices(byId("by-state"), "all", [...states].map(([state, number]) => [state, `${data.states[state].name} (${number})`]));
const kinds = counted(data.records.flatMap((record) => [...new Set(record.findings.map((one) => one[0]))]));
choices(byId("by-kind"), "all", [...kinds].sort((one, other) => other[1] - one[1]).map(([kind, number]) => [kind, `${kind} (${number})`]));
const meanings = counted(data.records.map((record) => record.judge?.meaning).filter(Boolean));
choices(byId("by-judge"), "all", [...meanings].map(([meaning, number]) => [meaning, `${MEANINGS[meaning] ?? meaning} (${number})`]));
for (const [id, options] of [["by-state", states], ["by-kind", kinds], ["by-judge", meanings]]) {
  byId(id).parentElement.hidden = !options.size;
}
byId("all").open = matchMedia("(min-width: 60rem)").matches;
byId("list").append(...items);
items.forEach((_, place) => paintItem(place));
byId("filters").addEventListener("input", refilter);
byId("filters").addEventListener("submit", (event) => event.preventDefault());
for (const [id, act] of [["previous", KEYS.p], ["following", KEYS.n], ["accept", KEYS.a], ["reject", KEYS.r], ["undo", undo], ["save", save]]) {
  byId(id).addEventListener("click", act);
}
document.addEventListener("keydown", press);
addEventListener("storage", (event) => {
  if (event.key !== marks.name) return; // another tab has decided something
  marks.load();
  marks.done = [];
  items.forEach((_, place) => paintItem(place));
  refilter();
});
filter();
if (data.records.length) show(0);
