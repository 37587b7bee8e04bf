/** An answer as it was given. */
export type KeptAnswer = {
  readonly status: number;
  readonly headers: { readonly [name: string]: string };
  readonly body: string;
};

/** What became of the request that first came with a key. */
export type KeyClaim =
  /** There was none: this one may be carried out, and is answered with `keep` or `release`. */
  | { readonly type: "new" }
  | { readonly type: "kept"; readonly answer: KeptAnswer }
  | { readonly type: "other-request" }
  | { readonly type: "under-way" }
  /** The server ended before it had answered; nobody knows whether it did what was asked. */
  | { readonly type: "unfinished" };

export type AnswerKey = { readonly workspace: string; readonly key: string };

/** Answers to requests that came with a key of their own. Each method is one transaction, on disk when resolved. */
export interface KeptAnswers {
  /** `request` is a hash of all that was asked. */
  claim(key: AnswerKey, request: string, nowMs: number): Promise<KeyClaim>;
  keep(key: AnswerKey, answer: KeptAnswer): Promise<void>;
  release(key: AnswerKey): Promise<void>;
}

export type KeptAnswerServices = { readonly keptAnswers: KeptAnswers };
