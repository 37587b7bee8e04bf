import type { Command } from "commander";
import * as z from "zod";
import {
  fillRoute,
  listed,
  memory,
  type MemoryChange,
  type MemoryHistory,
  type MemoryObservation,
  ROUTES,
} from "../../api/contract/index.ts";
import { systemClock } from "../../kernel/clock.ts";
import {
  act,
  type Context,
  examples,
  type Invocation,
  limitOption,
  LIST_FORMATS,
  listUpTo,
  ONE_FORMATS,
  showList,
  showOne,
  toJson,
  wholeNumber,
} from "../frame/index.ts";
import { type Column, oneLine, showAge } from "../terminal/index.ts";
import { NAME } from "./entity.ts";
import { ACTION_TONES, changeLine, entityText, fieldLines, observationLine, saidBy } from "./lines.ts";
import { findEntity, historyOf, scopeOption, Scopes, scopesOption } from "./reference.ts";

const LOG_SHOWN = 20;

const versionIn = (text: string): number => wholeNumber(text, 1, Number.MAX_SAFE_INTEGER);

export function log(command: Command, invocation: Invocation): void {
  command
    .summary("changes, the newest first")
    .description(
      "Show what was changed, by whom and when: of one entity, or of all in a scope. Of what was forgotten only numbers are left.",
    )
    .argument("[name]", NAME)
    .addOption(scopesOption())
    .addOption(limitOption(LOG_SHOWN));
  examples(command, [
    ["caxton memory log", "the last changes"],
    ["caxton memory log Anna", "its versions"],
  ]);
  act(command, invocation, {
    input: z.object({ name: z.string().optional(), scope: Scopes, limit: z.number() }),
    formats: LIST_FORMATS,
    run: async (context, { name, scope, limit }) => {
      const found =
        name === undefined ? await changesIn(context, scope, limit) : await changesOf(context, name, scope, limit);
      const isTable = context.format === "table" || context.format === "wide";
      const histories = isTable ? await historiesOf(context, found.items, limit) : new Map<string, MemoryHistory>();
      await showList(context, {
        ...found,
        columns: changeColumns(histories, systemClock.nowMs()),
        name: ({ seq }) => String(seq),
        empty: `nothing was changed in ${scope.join(", ")}`,
      });
    },
  });
}

async function changesIn({ client }: Context, scopes: readonly string[], limit: number) {
  const query = { scopes: listed(scopes) };
  const { raw, value } = await listUpTo(client, { path: ROUTES.memoryLog, query, schema: memory.ChangePage }, limit);
  return { raw, items: value.items, footer: value.next === null ? "" : `older: --limit ${limit * 2}` };
}

async function changesOf({ client }: Context, name: string, [scope]: readonly string[], limit: number) {
  const { id } = (await findEntity(client, name, scope)).value;
  const { changes: items, next } = await historyOf(client, id, limit);
  return { raw: toJson({ items, next }), items, footer: next === null ? "" : `older: --limit ${limit * 2}` };
}

/** What the newest changes did to the entities that are named; those that were forgotten are not there. */
async function historiesOf(
  { client }: Context,
  changes: readonly MemoryChange[],
  limit: number,
): Promise<Map<string, MemoryHistory>> {
  const ids = new Set(
    changes.flatMap(({ entity, details }) => [entity, details["to"]].filter((id) => typeof id === "string")),
  );
  const histories = new Map<string, MemoryHistory>();
  for (const id of ids) {
    const found = await historyOf(client, id, limit).catch(() => undefined);
    if (found) histories.set(id, found);
  }
  return histories;
}

function changeColumns(histories: ReadonlyMap<string, MemoryHistory>, nowMs: number): readonly Column<MemoryChange>[] {
  const nameOf = (id: string | null): string => (id === null ? "" : (histories.get(id)?.entity.name ?? "(forgotten)"));
  return [
    { title: "WHEN", value: ({ at }) => at, short: ({ at }) => showAge(Date.parse(at), nowMs) },
    { title: "NAME", value: ({ entity }) => nameOf(entity), tone: () => "bold", shrinks: true },
    { title: "VERSION", value: ({ version }) => (version === 0 ? "" : String(version)), align: "right" },
    { title: "ACTION", value: ({ action }) => action, tone: ({ action }) => ACTION_TONES[action] },
    { title: "BY", value: ({ provenance }) => provenance.agent ?? provenance.source },
    { title: "SCOPE", value: ({ scope }) => scope, wide: true },
    { title: "SOURCE", value: ({ provenance }) => saidBy(provenance), wide: true },
    {
      title: "WHAT",
      value: (change) => changeLine(change, histories.get(change.entity ?? ""), nameOf),
      shrinks: true,
    },
  ];
}

export function diff(command: Command, invocation: Invocation): void {
  command
    .summary("what became different between two versions")
    .description("Show which facts came and went between two versions of an entity, and which fields changed.")
    .argument("<name>", NAME)
    .addArgument(
      command
        .createArgument("[from]", "a version, as caxton memory log shows it; the one before the last unless given")
        .argParser(versionIn),
    )
    .addArgument(command.createArgument("[to]", "another; the last unless given").argParser(versionIn))
    .addOption(scopeOption());
  examples(command, [
    ["caxton memory diff Anna", "what the last change did"],
    ["caxton memory diff Anna 1 3", ""],
  ]);
  act(command, invocation, {
    input: z.object({
      name: z.string(),
      from: z.number().optional(),
      to: z.number().optional(),
      scope: z.string().optional(),
    }),
    formats: ONE_FORMATS,
    run: async (context, { name, scope, ...versions }) => {
      const { id, name: called, version } = (await findEntity(context.client, name, scope)).value;
      const to = versions.to ?? version;
      const from = versions.from ?? Math.max(1, to - 1);
      const { raw, value } = await context.client.request({
        path: fillRoute("memoryEntityDiff", { id }),
        query: { from, to },
        schema: memory.Diff,
      });
      const { style } = context.terminal;
      const lines = [
        ...fieldLines(value.fields),
        ...value.withdrawn.map((one) => style("red", `- ${observationLine(one)}`)),
        ...value.added.map((one) => style("green", `+ ${observationLine(one)}`)),
      ];
      const human = () => (lines.length === 0 ? `versions ${from} and ${to} are the same\n` : `${lines.join("\n")}\n`);
      await showOne(context, { raw, name: called, human });
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
    .summary("who said each fact, when")
    .description("Show for each fact of an entity who said it, when, and in which version it came.")
    .argument("<name>", NAME)
    .addOption(scopeOption());
  examples(command, [["caxton memory blame Anna -o wide", "with the runs and messages it came from"]]);
  act(command, invocation, {
    input: z.object({ name: z.string(), scope: z.string().optional() }),
    formats: LIST_FORMATS,
    run: async (context, { name, scope }) => {
      const { value } = await findEntity(context.client, name, scope);
      await showList(context, {
        raw: toJson({ items: value.observations, next: null }),
        items: value.observations,
        columns: blameColumns(systemClock.nowMs()),
        name: ({ id }) => id,
        empty: `nothing is said of ${oneLine(value.name)}`,
      });
    },
  });
}

export function revert(command: Command, invocation: Invocation): void {
  command
    .summary("make it again what it was")
    .description("Make an entity again what it was at a version. That is a new version: nothing is lost by it.")
    .argument("<name>", NAME)
    .addArgument(command.createArgument("<version>", "as caxton memory log shows it").argParser(versionIn))
    .addOption(scopeOption());
  examples(command, [["caxton memory revert Anna 2", ""]]);
  act(command, invocation, {
    input: z.object({ name: z.string(), version: z.number(), scope: z.string().optional() }),
    formats: ONE_FORMATS,
    run: async (context, { name, version, scope }) => {
      const { id } = (await findEntity(context.client, name, scope)).value;
      const { raw, value } = await context.client.request({
        method: "POST",
        path: fillRoute("revertMemoryEntity", { id }),
        body: { version },
        schema: memory.Entity,
      });
      await showOne(context, { raw, name: value.name, human: () => entityText(value, context.terminal) });
    },
  });
}
