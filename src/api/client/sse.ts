/** One server-sent event. `id` is the last one the stream named, which resumes it. */
export type ServerSentEvent = { readonly event: string; readonly data: string; readonly id: string };

/** Reads an event stream piece by piece, wherever the pieces are cut; rules of the HTML standard, section 9.2. */
export class EventStreamReader {
  #rest = "";
  #first = true;
  #afterReturn = false;
  #event = "";
  #data: string[] = [];
  #id: string;
  /** The id of the event that is not whole yet; it counts once the event is. */
  #idOfNext: string;

  /** `lastEventId` is what an earlier connection got to. */
  constructor(lastEventId = "") {
    this.#id = lastEventId;
    this.#idOfNext = lastEventId;
  }

  /** The id to send as `Last-Event-ID` when this connection breaks; empty when there is none. */
  get lastEventId(): string {
    return this.#id;
  }

  /** The events that this piece of text completes. */
  push(piece: string): ServerSentEvent[] {
    let text = piece;
    if (text === "") return [];
    if (this.#first) {
      this.#first = false;
      if (text.startsWith("\uFEFF")) text = text.slice(1);
    }
    // A carriage return ends its line at once; a line feed that follows it in the next piece belongs to the same end.
    if (this.#afterReturn && text.startsWith("\n")) text = text.slice(1);
    if (text !== "") this.#afterReturn = text.endsWith("\r");
    const lines = (this.#rest + text).split(/\r\n|\n|\r/);
    this.#rest = lines.pop() ?? "";
    return lines.flatMap((line) => this.#line(line));
  }

  #line(line: string): ServerSentEvent[] {
    if (line === "") return this.#dispatch();
    const colon = line.indexOf(":");
    if (colon === 0) return [];
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") this.#event = value;
    else if (field === "data") this.#data.push(value);
    else if (field === "id" && !value.includes("\0")) this.#idOfNext = value;
    return [];
  }

  #dispatch(): ServerSentEvent[] {
    this.#id = this.#idOfNext;
    const event = { event: this.#event || "message", data: this.#data.join("\n"), id: this.#id };
    const complete = this.#data.length > 0;
    this.#event = "";
    this.#data = [];
    return complete ? [event] : [];
  }
}
