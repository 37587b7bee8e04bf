/** A stored response. */
export type StoredResponse = {
  readonly status: number;
  readonly headers: { readonly [name: string]: string };
  readonly body: string;
};

/** Status of a key when a request claims it. */
export type KeyClaim =
  /** The key is new: execute the request, then call `keep`, `release` or `leave`. */
  | { readonly type: "new" }
  | { readonly type: "kept"; readonly answer: StoredResponse }
  | { readonly type: "other-request" }
  | { readonly type: "in-progress" }
  /** The server stopped before it responded: execute it again with its `subject`, then call `keep`, `release` or `leave`. */
  | { readonly type: "begun"; readonly subject: string }
  /** The server stopped or failed before it responded; whether the request took effect is unknown. */
  | { readonly type: "unfinished" };

export type AnswerKey = { readonly workspace: string; readonly key: string };

/** Hash of the whole request, and the id to execute it again with; undefined if it is not repeatable. */
export type KeyedRequest = { readonly hash: string; readonly subject: string | undefined };

/** Stored responses by idempotency key. Each method is one transaction, on disk when resolved. */
export interface IdempotencyStore {
  claim(key: AnswerKey, asked: KeyedRequest, nowMs: number): Promise<KeyClaim>;
  keep(key: AnswerKey, answer: StoredResponse): Promise<void>;
  /** The request had no effect: the key is free again. */
  release(key: AnswerKey): Promise<void>;
  /** The request may have had effects: a retry continues with its `subject`; without one, the key is `unfinished`. */
  leave(key: AnswerKey): Promise<void>;
}
