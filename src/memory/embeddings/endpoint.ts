import * as z from "zod";
import type { Clock } from "../../kernel/clock.ts";
import { CancelledError } from "../../kernel/errors.ts";
import { retryAfterMs } from "../../kernel/async/retry-after.ts";
import { EmbedderUnavailableError, type Embedder } from "../knowledge/index.ts";
import { EmbeddingDimensionsError } from "./errors.ts";

export type EndpointOptions = {
  /** Name of the model in Caxton, `provider/model`. */
  readonly name: string;
  /** Name of the model at the endpoint. */
  readonly model: string;
  /** Base URL of `/embeddings`, for example `https://api.openai.com/v1`. */
  readonly baseUrl: string;
  /** Read before each request, because keys change. Undefined: the endpoint needs none. */
  readonly key: () => Promise<string | undefined>;
  readonly headers?: { readonly [name: string]: string } | undefined;
  /** Dimensions of the vectors. */
  readonly dims: number;
  /** Requests vectors of `dims` dimensions, from models that can shorten them. */
  readonly isDimsSent?: boolean | undefined;
  readonly tokensMax?: number | undefined;
  /** Texts in one request; default 32. */
  readonly batchMax?: number | undefined;
  /** Timeout of one attempt; default 30 s. */
  readonly timeoutMs?: number | undefined;
  /** Attempts per request, and their maximum total wait; defaults 3 and 15 s. */
  readonly attemptsMax?: number | undefined;
  readonly waitsMsMax?: number | undefined;
};

const TOKENS_MAX = 8_191;
const CHARACTERS_MAX = 32_768;
const BATCH_MAX = 32;
const TIMEOUT_MS = 30_000;
const ATTEMPTS_MAX = 3;
const WAITS_MS_MAX = 15_000;
const FIRST_WAIT_MS = 500;
/** Status codes that are retried. */
const PASSING: readonly number[] = [408, 409, 425, 429, 500, 502, 503, 504, 529];
const SAID_CHARACTERS_MAX = 300;

const Answer = z.object({
  data: z.array(z.object({ index: z.int().min(0), embedding: z.array(z.number()) })),
});

/** Why an attempt failed. `retryMs`: delay of a retry; undefined: a retry would not help. */
type Refusal = { readonly why: string; readonly hint: string; readonly retryMs: number | undefined };
type Attempt =
  | { readonly type: "vectors"; readonly vectors: Float32Array[] }
  | ({ readonly type: "refused" } & Refusal);

/** Embedder for endpoints with OpenAI's embeddings protocol. */
export class EndpointEmbedder implements Embedder {
  readonly id: string;
  readonly dims: number;
  readonly tokensMax: number;
  readonly #options: EndpointOptions;
  readonly #clock: Clock;
  readonly #closing = new AbortController();

  constructor(options: EndpointOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
    this.id = `${options.name}@${options.dims}`;
    this.dims = options.dims;
    this.tokensMax = options.tokensMax ?? TOKENS_MAX;
  }

  /** Also rejects with EmbeddingDimensionsError. */
  async embed(texts: readonly string[], signal?: AbortSignal): Promise<readonly Float32Array[]> {
    const vectors: Float32Array[] = [];
    const size = this.#options.batchMax ?? BATCH_MAX;
    for (let at = 0; at < texts.length; at += size)
      vectors.push(...(await this.#request(texts.slice(at, at + size), signal)));
    return vectors;
  }

  close(): Promise<void> {
    this.#closing.abort();
    return Promise.resolve();
  }

  async #request(texts: readonly string[], caller: AbortSignal | undefined): Promise<Float32Array[]> {
    const signal = AbortSignal.any([this.#closing.signal, ...(caller === undefined ? [] : [caller])]);
    const untilMs = this.#clock.monotonicMs() + (this.#options.waitsMsMax ?? WAITS_MS_MAX);
    for (let attempt = 1; ; attempt += 1) {
      if (signal.aborted) throw new CancelledError("making vectors of texts");
      const outcome = await this.#attempt(texts, signal);
      if (outcome.type === "vectors") return outcome.vectors;
      if (signal.aborted) throw new CancelledError("making vectors of texts");
      const waitMs = outcome.retryMs === undefined ? undefined : outcome.retryMs * 2 ** (attempt - 1);
      const isLast = attempt >= (this.#options.attemptsMax ?? ATTEMPTS_MAX);
      if (waitMs === undefined || isLast || this.#clock.monotonicMs() + waitMs > untilMs) throw this.#failure(outcome);
      await this.#clock.sleep(waitMs, signal).catch(() => undefined);
    }
  }

  async #attempt(texts: readonly string[], caller: AbortSignal): Promise<Attempt> {
    const ended = new AbortController();
    const late = new AbortController();
    const timeoutMs = this.#options.timeoutMs ?? TIMEOUT_MS;
    this.#clock.sleep(timeoutMs, ended.signal).then(
      () => late.abort(),
      () => undefined, // The attempt has ended.
    );
    const key = await this.#options.key();
    try {
      const response = await this.#post(texts, key, AbortSignal.any([caller, late.signal]));
      const body = await response.text();
      return response.ok ? this.#read(body, texts.length) : this.#refused(response, messageIn(body, key));
    } catch (error) {
      if (error instanceof EmbeddingDimensionsError) throw error;
      const why = late.signal.aborted
        ? `it did not answer within ${timeoutMs} ms`
        : `it cannot be reached (${reasonOf(error)})`;
      return {
        type: "refused",
        why,
        hint: `Is something listening at ${this.#options.baseUrl}?`,
        retryMs: FIRST_WAIT_MS,
      };
    } finally {
      ended.abort("the attempt is over");
    }
  }

  async #post(texts: readonly string[], key: string | undefined, signal: AbortSignal): Promise<Response> {
    const { baseUrl, model, headers, dims, isDimsSent } = this.#options;
    return fetch(`${baseUrl.replace(/\/+$/, "")}/embeddings`, {
      method: "POST",
      redirect: "error",
      signal,
      headers: {
        "content-type": "application/json",
        ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
        ...headers,
      },
      body: JSON.stringify({
        model,
        // Endpoints reject empty texts.
        input: texts.map((text) => (text.trim() === "" ? "." : text.slice(0, CHARACTERS_MAX))),
        encoding_format: "float",
        ...(isDimsSent === true ? { dimensions: dims } : {}),
      }),
    });
  }

  #refused(response: Response, said: string): Attempt {
    const { status } = response;
    const wish = retryAfterMs(Object.fromEntries(response.headers), this.#clock.nowMs());
    const hint =
      status === 401 || status === 403
        ? "Check the provider's key: caxton model providers says which variable is read."
        : status === 404
          ? `Does the endpoint have the model ${this.#options.model}, and is its address right?`
          : "See the endpoint's own log or status page.";
    const isPassing = PASSING.includes(status);
    const why = `it answered ${status}${said === "" ? "" : `: ${said}`}`;
    return { type: "refused", why, hint, retryMs: isPassing ? (wish ?? FIRST_WAIT_MS) : undefined };
  }

  #read(body: string, count: number): Attempt {
    const answer = Answer.safeParse(parsed(body));
    const rows = answer.data?.data.toSorted((one, other) => one.index - other.index) ?? [];
    if (rows.length !== count || rows.some(({ index }, at) => index !== at)) {
      const why = `it did not answer with ${count} vectors`;
      return { type: "refused", why, hint: "Does it speak OpenAI's protocol for embeddings?", retryMs: undefined };
    }
    return { type: "vectors", vectors: rows.map(({ embedding }) => this.#vector(embedding)) };
  }

  #vector(embedding: readonly number[]): Float32Array {
    const { dims } = this;
    if (embedding.length !== dims)
      throw new EmbeddingDimensionsError(
        `${this.#options.name} gives vectors of ${embedding.length} numbers, and ${dims} are configured`,
        `Set embedding_dims under models.facts of this model to ${embedding.length} in caxton.toml; memory is then re-embedded.`,
        { expected: dims, got: embedding.length },
      );
    return united(embedding);
  }

  #failure({ why, hint }: Refusal): EmbedderUnavailableError {
    return new EmbedderUnavailableError(`${this.#options.name} makes no vectors: ${why}`, hint, { embedder: this.id });
  }
}

/** Returns the vector normalized; one of length zero or infinity becomes the first axis. */
function united(vector: readonly number[]): Float32Array {
  const length = Math.hypot(...vector);
  const hasOne = length > 0 && Number.isFinite(length);
  return Float32Array.from(vector, (value, index) => (hasOne ? value / length : index === 0 ? 1 : 0));
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

const Problem = z.object({ error: z.union([z.string(), z.object({ message: z.string() })]) });

/** Returns the endpoint's error message, one line, without the key. */
function messageIn(body: string, key: string | undefined): string {
  const problem = Problem.safeParse(parsed(body));
  if (!problem.success) return "";
  const { error } = problem.data;
  const said = typeof error === "string" ? error : error.message;
  const hidden = key === undefined || key === "" ? said : said.replaceAll(key, "[key]");
  return hidden.replaceAll(/\s+/g, " ").slice(0, SAID_CHARACTERS_MAX);
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return cause instanceof Error ? (("code" in cause ? String(cause.code) : undefined) ?? cause.message) : String(cause);
}
