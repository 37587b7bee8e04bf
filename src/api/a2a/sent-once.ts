import type { Principal } from "../../access/index.ts";
import { mint, RunId } from "../../kernel/ids.ts";
import { CaxtonError, FAULTS } from "../../kernel/errors.ts";
import { type ApiServices, RequestIds } from "../operations/index.ts";
import { UnsupportedOperationError } from "@a2a-js/sdk/errors";

/** Failures from this status on leave it open whether the request was executed. */
const UNSURE = 499;

/** Executes each message once: a message that is sent again, with its id and content, gets the run of the first. */
export class SentOnce {
  readonly #services: Pick<ApiServices, "storage" | "server">;

  constructor(services: Pick<ApiServices, "storage" | "server">) {
    this.#services = services;
  }

  /** Returns the id of the run. */
  async perform(
    { workspace, id }: Principal,
    message: string,
    start: (asked: RequestIds) => Promise<string>,
  ): Promise<string> {
    const { idempotencyStore: store } = this.#services.storage;
    const key = { workspace, key: `${id} a2a:${message}` };
    const first = mint(RunId);
    const claim = await store.claim(key, { hash: message, subject: first }, this.#services.server.clock.nowMs());
    if (claim.type === "kept") return claim.answer.body;
    if (claim.type !== "begun" && claim.type !== "new")
      throw new UnsupportedOperationError("the same message is being handled");
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
