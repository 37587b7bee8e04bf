import type { Command } from "commander";
import * as z from "zod";
import { type KnownModel, type ModelPage, operations } from "../../api/contract/index.ts";
import { act, examples, type Invocation, LIST_FORMATS, showList } from "../frame/index.ts";
import { type Column, oneLine, showCount } from "../terminal/index.ts";

type Row = Omit<KnownModel, "context_tokens" | "output_tokens"> & {
  readonly context_tokens: number | null;
  readonly output_tokens: number | null;
};

/** Shown as a dash. */
const unknown = "";
const count = (value: number | null): string => (value === null ? unknown : showCount(value));

const COLUMNS: readonly Column<Row>[] = [
  { title: "MODEL", value: ({ id }) => id, tone: () => "bold" },
  { title: "CONTEXT", value: ({ context_tokens: tokens }) => count(tokens), align: "right" },
  { title: "ANSWER", value: ({ output_tokens: tokens }) => count(tokens), align: "right" },
  { title: "IMAGES", value: ({ images }) => (images ? "yes" : "no") },
  { title: "USD/M IN", value: ({ price }) => (price === null ? unknown : String(price.input)), align: "right" },
  { title: "USD/M OUT", value: ({ price }) => (price === null ? unknown : String(price.output)), align: "right" },
  { title: "USED FOR", value: ({ roles }) => roles.join(", "), shrinks: true },
];

/** `caxton model list` */
export function modelList(command: Command, invocation: Invocation): void {
  command
    .summary("list available models")
    .description(
      "List available models with their context window in tokens, and USD per million tokens if the price is known. Any other model of a ready provider works too. Local models are requested from Ollama.",
    )
    .option("--no-local", "skip Ollama");
  examples(command, [
    ["caxton model list", ""],
    ["caxton model list -o name", "names only, for scripts"],
    ["caxton model providers", "what else could be used, and what it needs"],
  ]);
  act(command, invocation, {
    input: z.object({ local: z.boolean().default(true) }),
    formats: LIST_FORMATS,
    run: async (context, { local }) => {
      const { raw, value } = await context.client.call(operations.model.list, local ? { discover: "true" } : {});
      await showList(context, {
        raw,
        items: rowsOf(value),
        columns: COLUMNS,
        name: ({ id }) => id,
        empty: "no language model can be used yet, only the built-in mock; what is needed: caxton model providers",
        footer: footerOf(value),
      });
    },
  });
}

const UNKNOWN = { context_tokens: null, output_tokens: null, images: false, price: null };

/** What a local server has is listed once, also where the operator named it. */
function rowsOf({ items, local, embedders }: ModelPage): readonly Row[] {
  const known = new Set(items.map(({ id }) => id));
  const found = local
    .flatMap(({ provider, models: own }) => own.map(({ id }) => ({ id, provider })))
    .filter(({ id }) => !known.has(id))
    .map(({ id, provider }) => ({ ...UNKNOWN, id, provider, roles: [] }));
  const vectors = embedders.map(({ model, used, ready }) => ({
    ...UNKNOWN,
    id: model,
    provider: "",
    roles: [used ? "embedding" : ready ? "(embedding)" : "(embedding, not installed)"],
  }));
  return [...items, ...found, ...vectors];
}

function footerOf({ default_model: standard, local }: ModelPage): string {
  const silent = local
    .filter(({ answers }) => !answers)
    .map(({ provider, address }) => `${provider} does not answer at ${address}`);
  return oneLine([`the default is ${standard}`, ...silent].join("; "));
}
