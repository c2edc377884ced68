// Elements are made by name, and text goes in as text: no string ever becomes markup.

const STEERING = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g;

/** Text in which characters that nobody sees, or that turn the order of others, can be seen. */
const visible = (text) =>
  text.replace(STEERING, (one) => `⟨U+${one.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}⟩`);

/** An element with attributes and children; a string child is text, null is none. */
function make(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value !== false && value !== null) element.setAttribute(name, value === true ? "" : value);
  }
  const there = children.filter((child) => child !== null);
  element.append(...there.map((child) => (typeof child === "string" ? visible(child) : child)));
  return element;
}

const byId = (id) => document.getElementById(id);

/** Text for those who hear the page, and not for those who see it. */
const unseen = (text) => make("span", { class: "hidden" }, text);

/** Any JSON as text, lists and tables of names and values. */
function showValue(value) {
  if (value === null) return make("span", { class: "muted" }, "none");
  if (Array.isArray(value)) {
    return value.length ? make("ul", null, ...value.map((one) => make("li", null, showValue(one))))
      : make("span", { class: "muted" }, "empty list");
  }
  if (typeof value === "object") return showNamed(Object.entries(value));
  return make("span", { class: "text", dir: "auto" }, String(value));
}

function showNamed(entries) {
  const rows = entries.map(([name, value]) =>
    make("div", null, make("dt", null, name), make("dd", null, showValue(value))));
  return make("dl", null, ...rows);
}

const money = (cost) => (cost >= 1 ? cost.toFixed(2) : cost.toFixed(6).replace(/0{1,4}$/, "")) + " USD";
