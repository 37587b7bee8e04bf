import { createHash } from "node:crypto";
import { MessageId, RunId, TaskId, uuidFrom } from "../../kernel/ids.ts";
import { isJsonObject, type Json, type JsonObject } from "../../kernel/json.ts";

/**
 * Ids of what one request makes. They follow from one that is on disk before the request is carried out, so that carried out
 * again after a crash it finds what it made already, instead of making it twice.
 */
export class AskedIds {
  readonly #first: string;
  /** The server ended amid the request, and it came again: all or some of it may be done. */
  readonly isRepeated: boolean;

  /** `first` is a UUID of version 7. */
  constructor(first: string, isRepeated: boolean) {
    this.#first = first;
    this.isRepeated = isRepeated;
  }

  /** When the request came first, in milliseconds since 1970, as its id tells. */
  get sinceMs(): number {
    return Number.parseInt(this.#first.replaceAll("-", "").slice(0, 12), 16);
  }

  /** Of the request itself; no other has it. */
  get request(): string {
    return this.#first;
  }

  run(): RunId {
    return RunId.parse(this.#first);
  }

  task(): TaskId {
    return TaskId.parse(this.#first);
  }

  /** A message with an id of this request if it brought none of its own; `index` is its place in a batch. */
  named(message: JsonObject, index = 0): JsonObject {
    // Null is none: the router would make one up, another each time.
    if (ID_KEYS.some((key) => (message[key] ?? null) !== null)) return message;
    return { ...message, id: this.#message(index) };
  }

  /** The messages of a batch, each as `named` does; what is no message stays as it is, to be refused by itself. */
  eachNamed(messages: readonly Json[]): readonly Json[] {
    return messages.map((message, index) => (isJsonObject(message) ? this.named(message, index) : message));
  }

  #message(index: number): MessageId {
    const digest = createHash("sha256").update(`message\n${this.#first}\n${index}`).digest("hex");
    return MessageId.parse(uuidFrom(digest, "8"));
  }
}

/** Where a message says its id; the second is an older name. */
const ID_KEYS = ["id", "message_id"];
