import type { Principal } from "../../access/index.ts";
import { CaxtonError, FAULTS } from "../../kernel/errors.ts";
import { mint, RunId } from "../../kernel/ids.ts";
import type { ApiServices } from "./api-services.ts";
import { RequestIds } from "./request-ids.ts";

/** Failures from this status on leave it open whether the request was executed. */
const UNSURE = 499;

type Options = {
  /** Name of the protocol whose messages these are. */
  readonly protocol: string;
  /** The error for a message that cannot be handled: the same one is being handled, or was when the server stopped. */
  readonly refusal: (reason: "other-request" | "in-progress" | "unfinished") => Error;
};

/** Executes each message of a protocol once: a message that is sent again, with its id and content, gets the run of the first. */
export class SentOnce {
  readonly #services: Pick<ApiServices, "storage" | "server">;
  readonly #options: Options;

  constructor(services: Pick<ApiServices, "storage" | "server">, options: Options) {
    this.#services = services;
    this.#options = options;
  }

  /** Returns what `start` does, such as the id of the run. A message with an id that another one had is refused. */
  async perform(
    { workspace, id }: Principal,
    message: string | { readonly id: string; readonly hash: string },
    start: (asked: RequestIds) => Promise<string>,
  ): Promise<string> {
    const { idempotencyStore: store } = this.#services.storage;
    const { id: name, hash } = typeof message === "string" ? { id: message, hash: message } : message;
    const key = { workspace, key: `${id} ${this.#options.protocol}:${name}` };
    const first = mint(RunId);
    const claim = await store.claim(key, { hash, subject: first }, this.#services.server.clock.nowMs());
    if (claim.type === "kept") return claim.answer.body;
    if (claim.type !== "begun" && claim.type !== "new") throw this.#options.refusal(claim.type);
    const asked = claim.type === "begun" ? new RequestIds(claim.subject, true) : new RequestIds(first, false);
    try {
      const run = await start(asked);
      await store.keep(key, { status: 200, headers: {}, body: run });
      return run;
    } catch (error) {
      const isRefused = error instanceof CaxtonError && FAULTS[error.kind].http < UNSURE;
      await (isRefused && claim.type === "new" ? store.release(key) : store.leave(key));
      throw error;
    }
  }
}
