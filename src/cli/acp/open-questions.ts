import { RequestError } from "@agentclientprotocol/sdk";
import { toFault } from "../../kernel/errors.ts";
import type { Question } from "./questions.ts";

/**
 * What the user of the editor is being asked.
 *
 * acp.open-questions.Q1. No question is asked twice at a time.
 * acp.open-questions.Q2. One that was answered elsewhere, or whose run has ended, is withdrawn.
 */
export class OpenQuestions {
  readonly #asked = new Map<string, AbortController>();
  /** Questions that the user closed without an answer. */
  readonly #left = new Set<string>();
  /** Those that were answered here, and those that this user may not answer. */
  readonly #settled = new Set<string>();
  #changed = Promise.withResolvers<void>();
  #failure: Error | undefined;

  /** Resolves when a question was answered or left here. Rejects with what the server refused. */
  get changed(): Promise<void> {
    return this.#changed.promise;
  }

  /** Asks what is open and withdraws what is not. Returns whether the user may still answer here. */
  show(open: readonly Question[]): boolean {
    const ids = new Set(open.map(({ id }) => id));
    for (const id of this.#asked.keys()) if (!ids.has(id)) this.withdraw(id);
    for (const question of open) this.ask(question);
    return open.length === 0 || open.some(({ id }) => !this.#left.has(id));
  }

  ask(question: Question): void {
    const { id } = question;
    if ([this.#asked, this.#left, this.#settled].some((known) => known.has(id))) return;
    const controller = new AbortController();
    this.#asked.set(id, controller);
    question
      .ask(controller.signal)
      .then(
        (isAnswered) => void (isAnswered ? this.#settled : this.#left).add(id),
        (error: unknown) => this.#fail(id, error, controller.signal),
      )
      .finally(() => {
        if (this.#asked.get(id) === controller) this.#asked.delete(id);
        this.#wake();
      });
  }

  withdraw(id: string): void {
    this.#asked.get(id)?.abort();
    this.#asked.delete(id);
  }

  /** Asks again what was left. */
  forgive(): void {
    this.#left.clear();
  }

  close(): void {
    for (const id of this.#asked.keys()) this.withdraw(id);
  }

  /** Throws what the server refused. */
  throwIfFailed(): void {
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure !== undefined) throw failure;
  }

  #fail(id: string, error: unknown, signal: AbortSignal): void {
    // Withdrawn, or an editor that has no way to ask.
    if (signal.aborted) return;
    if (error instanceof RequestError) return void this.#left.add(id);
    const { kind } = toFault(error);
    // Another client was first; the run has the outcome.
    if (kind === "conflict" || kind === "not-found") return;
    if (kind === "denied") return void this.#settled.add(id);
    this.#failure = error instanceof Error ? error : new Error(String(error));
    this.#left.add(id);
  }

  #wake(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}
