// What the person has decided, kept in the browser under the checksum of the run.

class Marks {
  constructor(checksum) {
    this.name = `asyncgen-review:${checksum}`;
    this.kept = true;
    this.done = [];
    this.load();
  }

  load() {
    this.all = {};
    this.saved = true;
    try {
      const found = JSON.parse(localStorage.getItem(this.name) ?? "{}");
      this.all = found.marks ?? {};
      this.saved = found.saved ?? true;
    } catch {
      this.kept = false;
    }
  }

  of(record) {
    return this.all[record.index]?.mark ?? "";
  }

  /** Decide about a record; the empty mark takes a decision back. */
  set(record, mark) {
    this.done.push([record.index, this.all[record.index]]);
    this.put(record.index, mark ? { id: record.id, mark, record: record.hash } : undefined);
  }

  /** Take the last decision of this visit back; the index of its record, or null. */
  undo() {
    if (!this.done.length) return null;
    const [index, before] = this.done.pop();
    this.put(index, before);
    return index;
  }

  put(index, entry) {
    if (entry) this.all[index] = entry;
    else delete this.all[index];
    this.saved = false;
    this.keep();
  }

  keep() {
    try {
      localStorage.setItem(this.name, JSON.stringify({ marks: this.all, saved: this.saved }));
    } catch {
      this.kept = false;
    }
  }

  count(mark) {
    return Object.values(this.all).filter((one) => one.mark === mark).length;
  }

  /** The file: a line for each mark, in the order of the input. */
  lines() {
    const indexes = Object.keys(this.all).map(Number).sort((one, other) => one - other);
    return indexes.map((index) => {
      const { id, mark, record } = this.all[index];
      return `${JSON.stringify({ index, note_id: id, mark, record })}\n`;
    }).join("");
  }

  save() {
    const address = URL.createObjectURL(new Blob([this.lines()], { type: "application/jsonl" }));
    make("a", { href: address, download: "review.jsonl" }).click();
    setTimeout(() => URL.revokeObjectURL(address), 60000);
    this.saved = true;
    this.keep();
  }
}
