/** An answer as it was given. */
export type KeptAnswer = {
  readonly status: number;
  readonly headers: { readonly [name: string]: string };
  readonly body: string;
};

/** What became of the request that first came with a key. */
export type KeyClaim =
  /** There was none: this one may be carried out, and is answered with `keep`, `release` or `leave`. */
  | { readonly type: "new" }
  | { readonly type: "kept"; readonly answer: KeptAnswer }
  | { readonly type: "other-request" }
  | { readonly type: "under-way" }
  /** The server ended before it had answered: it is carried out again under the id it had, and answered with `keep`, `release` or `leave`. */
  | { readonly type: "begun"; readonly subject: string }
  /** The server ended or failed before it had answered; nobody knows whether it did what was asked. */
  | { readonly type: "unfinished" };

export type AnswerKey = { readonly workspace: string; readonly key: string };

/** What was asked, as a hash of all of it, and the id under which it can be carried out again; undefined where it cannot. */
export type AskedOnce = { readonly hash: string; readonly subject: string | undefined };

/** Answers to requests that came with a key of their own. Each method is one transaction, on disk when resolved. */
export interface KeptAnswers {
  claim(key: AnswerKey, asked: AskedOnce, nowMs: number): Promise<KeyClaim>;
  keep(key: AnswerKey, answer: KeptAnswer): Promise<void>;
  /** It did nothing: the key is good for any request. */
  release(key: AnswerKey): Promise<void>;
  /** It may have done something before it failed: who asks again goes on under its id. One without an id is `unfinished`. */
  leave(key: AnswerKey): Promise<void>;
}

export type KeptAnswerServices = { readonly keptAnswers: KeptAnswers };
