/** One server-sent event. `id` is the last id seen, "" before any. */
export type StreamedEvent = { readonly id: string; readonly type: string; readonly data: string };

/** Feeds on text in pieces cut anywhere, and gives the events that are whole. Follows the HTML standard's rules for event streams. */
export class EventStreamParser {
  #rest = "";
  #id = "";
  #type = "";
  #data: string[] = [];
  #first = true;

  push(piece: string): readonly StreamedEvent[] {
    const events: StreamedEvent[] = [];
    let buffer = this.#rest + piece;
    if (this.#first && buffer !== "") {
      this.#first = false;
      if (buffer.startsWith("\uFEFF")) buffer = buffer.slice(1);
    }
    // A carriage return at the very end may be half of a line end.
    const held = buffer.endsWith("\r") ? "\r" : "";
    const lines = buffer.slice(0, buffer.length - held.length).split(/\r\n|\r|\n/);
    this.#rest = (lines.pop() ?? "") + held;
    for (const line of lines) {
      const event = this.#take(line);
      if (event !== undefined) events.push(event);
    }
    return events;
  }

  #take(line: string): StreamedEvent | undefined {
    if (line === "") return this.#dispatch();
    const colon = line.indexOf(":");
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "data") this.#data.push(value);
    else if (field === "event") this.#type = value;
    else if (field === "id" && !value.includes("\0")) this.#id = value;
    return undefined;
  }

  #dispatch(): StreamedEvent | undefined {
    const event = { id: this.#id, type: this.#type === "" ? "message" : this.#type, data: this.#data.join("\n") };
    const empty = this.#data.length === 0;
    this.#type = "";
    this.#data = [];
    return empty ? undefined : event;
  }
}
