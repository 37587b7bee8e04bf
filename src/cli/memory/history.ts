import type { Command } from "commander";
import * as z from "zod";
import {
  listed,
  type MemoryChange,
  type MemoryHistory,
  type MemoryObservation,
  operations,
} from "../../api/contract/index.ts";
import { systemClock } from "../../kernel/clock.ts";
import { estimateTokens } from "../../kernel/tokens.ts";
import {
  act,
  type Context,
  examples,
  type Invocation,
  limitOption,
  LIST_FORMATS,
  listUpTo,
  pagesOf,
  ONE_FORMATS,
  showList,
  showOne,
  toJson,
  wholeNumber,
} from "../frame/index.ts";
import { type Column, oneLine, showAge } from "../terminal/index.ts";
import { NAME } from "./entity.ts";
import { ACTION_TONES, changeLine, entityText, fieldLines, observationLine, saidBy } from "./lines.ts";
import {
  factTokensOption,
  findEntity,
  historyOf,
  OLDER_FACTS,
  scopeOption,
  Scopes,
  scopesOption,
  tokensOption,
} from "./reference.ts";

const LOG_SHOWN = 20;

const versionIn = (text: string): number => wholeNumber(text, 1, Number.MAX_SAFE_INTEGER);

export function log(command: Command, invocation: Invocation): void {
  command
    .summary("show changes, newest first")
    .description(
      "Show the changes of one entity, or of all in a scope, with author and time. Of forgotten entities, only numbers remain.",
    )
    .argument("[name]", NAME)
    .addOption(scopesOption())
    .addOption(limitOption(LOG_SHOWN))
    .addOption(tokensOption("maximum tokens of changes, approximately; the first is shown, truncated if necessary"));
  examples(command, [
    ["caxton memory log", "the last changes"],
    ["caxton memory log Anna", "its versions"],
    ["caxton memory log --max-tokens 500", "as many as fit into a prompt"],
  ]);
  act(command, invocation, {
    input: z.object({
      name: z.string().optional(),
      scope: Scopes,
      limit: z.number(),
      maxTokens: z.number().optional(),
    }),
    formats: LIST_FORMATS,
    run: async (context, { name, scope, ...bounds }) => {
      const found =
        name === undefined ? await changesIn(context, scope, bounds) : await changesOf(context, name, scope, bounds);
      const isTable = context.format === "table" || context.format === "wide";
      const histories = isTable ? await historiesOf(context, found.items, bounds) : new Map<string, MemoryHistory>();
      const lineOf = changeLines(histories);
      const items = isTable ? fitting(found.items, histories, bounds.maxTokens) : found.items;
      const more = items.length < bounds.limit ? "a higher --max-tokens" : `--limit ${bounds.limit * 2}`;
      await showList(context, {
        raw: found.raw,
        items,
        columns: changeColumns(histories, lineOf, systemClock.nowMs()),
        name: ({ seq }) => String(seq),
        empty: `nothing was changed in ${scope.join(", ")}`,
        footer: found.next === null && items.length === found.items.length ? "" : `older: ${more}`,
      });
    },
  });
}

type Bounds = { readonly limit: number; readonly maxTokens?: number | undefined };

async function changesIn({ client }: Context, scopes: readonly string[], { limit, maxTokens }: Bounds) {
  const query = { scopes: listed(scopes), max_tokens: maxTokens };
  const isOnePage = maxTokens !== undefined;
  const list = { ...pagesOf(operations.memory.log, query), isOnePage };
  const { raw, value } = await listUpTo(client, list, limit);
  return { raw, items: value.items, next: value.next };
}

async function changesOf({ client }: Context, name: string, [scope]: readonly string[], bounds: Bounds) {
  // One token of it is its name with its id.
  const { id } = (await findEntity(client, name, scope, 1)).value;
  const { changes: items, next } = await historyOf(client, id, bounds.limit, bounds.maxTokens);
  return { raw: toJson({ items, next }), items, next };
}

/** Returns the changes that fit together with their facts, which the log itself does not contain; at least the first. */
function fitting(
  changes: readonly MemoryChange[],
  histories: Histories,
  tokensMax: number | undefined,
): readonly MemoryChange[] {
  if (tokensMax === undefined) return changes;
  const lineOf = changeLines(histories);
  // What its entity's history, within as many tokens, does not reach does not fit either.
  const isReached = ({ entity, seq }: MemoryChange) =>
    histories.get(entity ?? "")?.changes.some((change) => change.seq === seq) !== false;
  let left = tokensMax;
  return changes.filter((change, index) => {
    left -= isReached(change) ? estimateTokens(lineOf(change)) : Infinity;
    return left >= 0 || index === 0;
  });
}

/** What the newest changes did to the entities that are named; those that were forgotten are not there. */
async function historiesOf(
  { client }: Context,
  changes: readonly MemoryChange[],
  { limit, maxTokens }: Bounds,
): Promise<Map<string, MemoryHistory>> {
  const ids = new Set(
    changes.flatMap(({ entity, details }) => [entity, details["to"]].filter((id) => typeof id === "string")),
  );
  const histories = new Map<string, MemoryHistory>();
  for (const id of ids) {
    const found = await historyOf(client, id, limit, maxTokens).catch(() => undefined);
    if (found) histories.set(id, found);
  }
  return histories;
}

type Histories = ReadonlyMap<string, MemoryHistory>;

const nameIn =
  (histories: Histories) =>
  (id: string | null): string =>
    id === null ? "" : (histories.get(id)?.entity.name ?? "(forgotten)");

const changeLines =
  (histories: Histories) =>
  (change: MemoryChange): string =>
    changeLine(change, histories.get(change.entity ?? ""), nameIn(histories));

function changeColumns(
  histories: Histories,
  lineOf: (change: MemoryChange) => string,
  nowMs: number,
): readonly Column<MemoryChange>[] {
  const nameOf = nameIn(histories);
  return [
    { title: "WHEN", value: ({ at }) => at, short: ({ at }) => showAge(Date.parse(at), nowMs) },
    { title: "NAME", value: ({ entity }) => nameOf(entity), tone: () => "bold", shrinks: true },
    { title: "VERSION", value: ({ version }) => (version === 0 ? "" : String(version)), align: "right" },
    { title: "ACTION", value: ({ action }) => action, tone: ({ action }) => ACTION_TONES[action] },
    { title: "BY", value: ({ provenance }) => provenance.agent ?? provenance.source },
    { title: "SCOPE", value: ({ scope }) => scope, wide: true },
    { title: "SOURCE", value: ({ provenance }) => saidBy(provenance), wide: true },
    { title: "WHAT", value: lineOf, shrinks: true },
  ];
}

export function diff(command: Command, invocation: Invocation): void {
  command
    .summary("compare two versions of an entity")
    .description("Show the facts added and removed, and the fields changed, between two versions of an entity.")
    .argument("<name>", NAME)
    .addArgument(
      command
        .createArgument("[from]", "version, as caxton memory log shows it; default: the second to last")
        .argParser(versionIn),
    )
    .addArgument(command.createArgument("[to]", "another; the last unless given").argParser(versionIn))
    .addOption(scopeOption())
    .addOption(tokensOption("maximum tokens, approximately: fields, then the newest facts"));
  examples(command, [
    ["caxton memory diff Anna", "what the last change did"],
    ["caxton memory diff Anna 1 3", ""],
    ["caxton memory diff Anna 1 3 --max-tokens 200", "the newest of it, for a prompt"],
  ]);
  act(command, invocation, {
    input: z.object({
      name: z.string(),
      from: z.number().optional(),
      to: z.number().optional(),
      scope: z.string().optional(),
      maxTokens: z.number().optional(),
    }),
    formats: ONE_FORMATS,
    run: async (context, { name, scope, maxTokens, ...versions }) => {
      const { id, name: called, version } = (await findEntity(context.client, name, scope, 1)).value;
      const to = versions.to ?? version;
      const from = versions.from ?? Math.max(1, to - 1);
      const { raw, value } = await context.client.call(operations.memory.diff, { id, from, to, max_tokens: maxTokens });
      const { style } = context.terminal;
      const lines = [
        ...fieldLines(value.fields),
        ...value.withdrawn.map((one) => style("red", `- ${observationLine(one)}`)),
        ...value.added.map((one) => style("green", `+ ${observationLine(one)}`)),
      ];
      const isSame = lines.length === 0 && !value.truncated;
      const human = () =>
        isSame ? `versions ${from} and ${to} are the same\n` : lines.map((one) => `${one}\n`).join("");
      await showOne(context, { raw, name: called, human });
      if (value.truncated) context.terminal.note("some of it is left out: a higher --max-tokens");
    },
  });
}

const blameColumns = (nowMs: number): readonly Column<MemoryObservation>[] => [
  { title: "VERSION", value: ({ since }) => String(since), align: "right" },
  { title: "WHEN", value: ({ at }) => at, short: ({ at }) => showAge(Date.parse(at), nowMs) },
  { title: "BY", value: ({ provenance }) => provenance.agent ?? provenance.source },
  { title: "SOURCE", value: ({ provenance }) => saidBy(provenance), wide: true },
  { title: "ID", value: ({ id }) => id, wide: true },
  { title: "FACT", value: ({ text }) => text, shrinks: true },
];

export function blame(command: Command, invocation: Invocation): void {
  command
    .summary("show the source of each fact")
    .description("Show the source, time and version of each fact of an entity.")
    .argument("<name>", NAME)
    .addOption(scopeOption())
    .addOption(factTokensOption());
  examples(command, [
    ["caxton memory blame Anna -o wide", "with the runs and messages it came from"],
    ["caxton memory blame Anna --max-tokens 200", "the newest facts, for a prompt"],
  ]);
  act(command, invocation, {
    input: z.object({ name: z.string(), scope: z.string().optional(), maxTokens: z.number().optional() }),
    formats: LIST_FORMATS,
    run: async (context, { name, scope, maxTokens }) => {
      const { value } = await findEntity(context.client, name, scope, maxTokens);
      await showList(context, {
        raw: toJson({ items: value.observations, next: null, truncated: value.truncated }),
        items: value.observations,
        columns: blameColumns(systemClock.nowMs()),
        name: ({ id }) => id,
        empty: value.truncated ? OLDER_FACTS : `nothing is said of ${oneLine(value.name)}`,
        footer: value.truncated ? OLDER_FACTS : "",
      });
    },
  });
}

export function revert(command: Command, invocation: Invocation): void {
  command
    .summary("revert an entity to a version")
    .description("Revert an entity to a version. This creates a new version; the history is kept.")
    .argument("<name>", NAME)
    .addArgument(command.createArgument("<version>", "as caxton memory log shows it").argParser(versionIn))
    .addOption(scopeOption());
  examples(command, [["caxton memory revert Anna 2", ""]]);
  act(command, invocation, {
    input: z.object({ name: z.string(), version: z.number(), scope: z.string().optional() }),
    formats: ONE_FORMATS,
    run: async (context, { name, version, scope }) => {
      const { id } = (await findEntity(context.client, name, scope)).value;
      const { raw, value } = await context.client.call(operations.memory.revert, { id, version });
      await showOne(context, { raw, name: value.name, human: () => entityText(value, context.terminal) });
    },
  });
}
