import { createHash } from "node:crypto";
import { MessageId, mintedAtMs, RunId, TaskId, ThreadId, uuidFrom } from "../../kernel/ids.ts";
import { isJsonObject, type Json, type JsonObject } from "../../kernel/json.ts";

/**
 * Deterministic ids of what one request creates. They derive from an id that is on disk before the request is executed, so
 * that a request repeated after a crash finds what it created instead of creating it again.
 */
export class RequestIds {
  readonly #first: string;
  /** The server stopped during the request and it was repeated: it may be executed in full or in part. */
  readonly isRepeated: boolean;

  /** `first` is a UUID of version 7. */
  constructor(first: string, isRepeated: boolean) {
    this.#first = first;
    this.isRepeated = isRepeated;
  }

  /** Time of the first request in epoch milliseconds, from its id. */
  get sinceMs(): number {
    return mintedAtMs(this.#first);
  }

  /** Unique id of the request. */
  get request(): string {
    return this.#first;
  }

  run(): RunId {
    return RunId.parse(this.#first);
  }

  thread(): ThreadId {
    return ThreadId.parse(this.#first);
  }

  task(): TaskId {
    return TaskId.parse(this.#first);
  }

  /** Returns the message with an id of this request, unless it has an id; `index` is its position in a batch. */
  withId(message: JsonObject, index = 0): JsonObject {
    // Null counts as absent: the router would generate another id each time.
    if (ID_KEYS.some((key) => (message[key] ?? null) !== null)) return message;
    return { ...message, id: this.#message(index) };
  }

  /** Applies `withId` to each message of a batch; other values stay unchanged and are rejected one by one. */
  withIds(messages: readonly Json[]): readonly Json[] {
    return messages.map((message, index) => (isJsonObject(message) ? this.withId(message, index) : message));
  }

  #message(index: number): MessageId {
    const digest = createHash("sha256").update(`message\n${this.#first}\n${index}`).digest("hex");
    return MessageId.parse(uuidFrom(digest, "8"));
  }
}

/** Keys of a message's id; the second is a deprecated alias. */
const ID_KEYS = ["id", "message_id"];
