import * as z from "zod";
import builtIn from "./prices.json" with { type: "json" };

const Usd = z.number().min(0).max(1_000_000);
const rates = {
  input: Usd.meta({ description: "USD for a million input tokens" }),
  cached_input: Usd.optional().meta({ description: "… read from the provider's cache; default: input" }),
  cache_write: Usd.optional().meta({ description: "… written into the provider's cache; default: input" }),
  output: Usd.meta({ description: "USD for a million output tokens" }),
};

const PriceEntry = z.strictObject({
  ...rates,
  output_tokens_max: z.int().min(1).optional().meta({ description: "The longest answer the model gives" }),
  above: z
    .strictObject({ input_tokens: z.int().min(1), ...rates })
    .optional()
    .meta({ description: "Prices of a whole call with more input tokens than these" }),
  source: z.string().optional().meta({ description: "Where the price was read" }),
  date: z
    .string()
    .regex(/^\d{4}-\d{2}-\d{2}$/)
    .optional()
    .meta({ description: "… and when" }),
});
type PriceEntry = z.infer<typeof PriceEntry>;

/** A file of prices: a table for each model, by `provider/model`; `*` at the end stands for anything. */
export const PriceFile = z.strictObject({ models: z.record(z.string().min(1), PriceEntry) });
export type PriceFile = z.infer<typeof PriceFile>;

/** What a model costs, and the entry that says so. */
export type Price = PriceEntry & {
  /** The entry's name, `openai/gpt-5-mini` or `ollama/*`. */
  readonly entry: string;
};

/** Tokens of one model call as they are billed. Cached and cache-writing tokens are part of the input. */
export type BilledTokens = {
  readonly input: number;
  readonly cachedInput: number;
  readonly cacheWrite: number;
  readonly output: number;
};

/** Dates at the end of a model's name, which mark its version: a version costs what the model costs. */
const VERSION_DATE = /[-@](?:\d{4}-\d{2}-\d{2}|\d{8})$/;

/** What models cost, from the table that comes with Caxton and from the operator's own, which wins. */
export class PriceTable {
  readonly #entries: ReadonlyMap<string, PriceEntry>;

  /** Models of the providers in `local` cost nothing where `overrides` does not say otherwise: they run on this machine. */
  constructor(overrides: PriceFile = { models: {} }, local: readonly string[] = []) {
    const known = Object.entries(PriceFile.parse(builtIn).models).filter(
      ([name]) => !local.some((provider) => name.startsWith(`${provider}/`)),
    );
    const free = local.map((provider): [string, PriceEntry] => [`${provider}/*`, { input: 0, output: 0 }]);
    this.#entries = new Map([...known, ...free, ...Object.entries(overrides.models)]);
  }

  /** The price of a `provider/model`; undefined when it is not known. */
  priceOf(model: string): Price | undefined {
    const names = [model, model.replace(VERSION_DATE, ""), ...wildcards(model)];
    const entry = names.find((name) => this.#entries.has(name));
    const price = entry === undefined ? undefined : this.#entries.get(entry);
    return entry === undefined || price === undefined ? undefined : { ...price, entry };
  }
}

/** `a/b/c` is named by `a/b/*` and `a/*` too. */
const wildcards = (model: string): readonly string[] =>
  [...model.matchAll(/\//g)].map(({ index }) => `${model.slice(0, index)}/*`).toReversed();

/** What a call costs, in millionths of a USD, rounded up. USD for a million tokens are millionths for one. */
export function costOf(price: Price, { input, cachedInput, cacheWrite, output }: BilledTokens): number {
  const { above } = price;
  const rate = above !== undefined && input > above.input_tokens ? above : price;
  const plain = Math.max(0, input - cachedInput - cacheWrite);
  const cost =
    plain * rate.input +
    cachedInput * (rate.cached_input ?? rate.input) +
    cacheWrite * (rate.cache_write ?? rate.input) +
    output * rate.output;
  return roundUp(cost);
}

/** What a call can cost at most that has so many input tokens, none of them cached, and an answer no longer than this. */
export function costAtMost(price: Price, input: number, outputMax: number): number {
  const written = costOf(price, { input, cachedInput: 0, cacheWrite: input, output: outputMax });
  return Math.max(written, costOf(price, { input, cachedInput: 0, cacheWrite: 0, output: outputMax }));
}

/** How long an answer may be, so that the call costs no more than `usdMicros`; negative when the input alone costs more. */
export function outputWithin(price: Price, input: number, usdMicros: number): number {
  const { above } = price;
  const rate = above !== undefined && input > above.input_tokens ? above : price;
  const left = usdMicros - costAtMost(price, input, 0);
  if (left < 0) return -1;
  return rate.output === 0 ? Number.MAX_SAFE_INTEGER : Math.floor(left / rate.output);
}

/** Up to the next whole number, but for what floating point adds to a whole one. */
const roundUp = (value: number): number => Math.ceil(Number(value.toFixed(6)));
