import type { Clock } from "../../kernel/clock.ts";
import { operations } from "../contract/index.ts";
import { checkKey, type Exchange, hashOf, refusalOf } from "../http/index.ts";
import { type ApiServices, type RequestIds, SentOnce, settledOrBlocked } from "../operations/index.ts";
import type { Begun } from "./chat/begin.ts";

/** Time after the end of a connection in which packages repeat its request. */
const KEPT_MS = 60_000;

/** Requests that are remembered at the same time. Those beyond are executed, and so are their repetitions without a key. */
const KEPT_MAX = 100_000;

/** A request that was sent, and its run. */
type First = { readonly begun: Promise<Begun> };

/**
 * Requests that are sent again get the run of the first: those with the same Idempotency-Key, also after a restart of the server, and those
 * that packages of OpenAI repeat on their own, which count their attempts in a header.
 */
export class Repeats {
  readonly #services: ApiServices;
  readonly #clock: Clock;
  /** By what was asked and by whom. */
  readonly #firsts = new Map<string, First>();

  constructor(services: ApiServices) {
    this.#services = services;
    this.#clock = services.server.clock;
  }

  /** Throws what `begin` does, IdempotencyKeyReusedError, IdempotencyKeyInUseError, RequestInvalidError. */
  async once(exchange: Exchange, begin: (ids: RequestIds | undefined) => Promise<Begun>): Promise<Begun> {
    const { headers } = exchange.request;
    const given = headers["idempotency-key"];
    if (given !== undefined) return this.#byKey(exchange, checkKey(given), begin);
    const attempt = Number(headers["x-stainless-retry-count"] ?? Number.NaN);
    const asked = attempt >= 0 ? `${exchange.caller.principal.id} ${requestHash(exchange)}` : undefined;
    if (asked === undefined) return begin(undefined);
    const first = attempt > 0 ? await this.#first(exchange, asked) : undefined;
    return first ?? this.#remembered(exchange, asked, begin);
  }

  async #byKey(exchange: Exchange, key: string, begin: (ids: RequestIds) => Promise<Begun>): Promise<Begun> {
    const { caller } = exchange;
    const sentOnce = new SentOnce(this.#services, { protocol: "openai", refusal: (reason) => refusalOf(reason, key) });
    const start = async (ids: RequestIds) => {
      const { run, afterTurn, afterPause } = await begin(ids);
      return `${run} ${afterTurn} ${afterPause}`;
    };
    const message = { id: key, hash: requestHash(exchange) };
    const [run = "", turn, pause] = (await sentOnce.perform(caller.principal, message, start)).split(" ");
    const place = { afterTurn: Number(turn), afterPause: Number(pause) };
    return { run, ...place, settled: () => settledOrBlocked(caller, run) };
  }

  /** The run of the first request; undefined if it was not accepted or is cancelled. */
  async #first({ caller }: Exchange, asked: string): Promise<Begun | undefined> {
    const first = await this.#firsts.get(asked)?.begun.catch(() => undefined);
    if (first === undefined) return undefined;
    const { run, afterTurn, afterPause } = first;
    const found = await caller.perform(operations.run.get, { id: run }).catch(() => undefined);
    if (found === undefined || found.state === "cancelled") return undefined;
    return { run, afterTurn, afterPause, settled: () => settledOrBlocked(caller, run) };
  }

  async #remembered({ reply }: Exchange, asked: string, begin: (ids: undefined) => Promise<Begun>): Promise<Begun> {
    if (this.#firsts.size >= KEPT_MAX) return begin(undefined);
    const first: First = { begun: begin(undefined) };
    this.#firsts.set(asked, first);
    const forget = () => {
      if (this.#firsts.get(asked) === first) this.#firsts.delete(asked);
    };
    reply.raw.once("close", () => void this.#clock.sleep(KEPT_MS).then(forget));
    try {
      return await first.begun;
    } catch (error) {
      forget();
      throw error;
    }
  }
}

const requestHash = ({ request }: Pick<Exchange, "request">): string => {
  const purpose = String(request.headers["x-caxton-purpose"] ?? "");
  return hashOf({ method: request.method, url: `${request.url}\n${purpose}`, body: request.body });
};
