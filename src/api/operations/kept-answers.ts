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
  /** The server ended before it had answered: whoever asks again goes on with what has this id, and answers with `keep` or `release`. */
  | { readonly type: "begun"; readonly subject: string }
  /** The server ended before it had answered; nobody knows whether it did what was asked. */
  | { readonly type: "unfinished" };

export type AnswerKey = { readonly workspace: string; readonly key: string };

/** What was asked, as a hash of all of it, and the id of what it will make, where it can be gone on with by that. */
export type AskedOnce = { readonly hash: string; readonly subject: string | undefined };

/** Answers to requests that came with a key of their own. Each method is one transaction, on disk when resolved. */
export interface KeptAnswers {
  claim(key: AnswerKey, asked: AskedOnce, nowMs: number): Promise<KeyClaim>;
  keep(key: AnswerKey, answer: KeptAnswer): Promise<void>;
  release(key: AnswerKey): Promise<void>;
}

export type KeptAnswerServices = { readonly keptAnswers: KeptAnswers };
