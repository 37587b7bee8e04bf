import type { Command } from "commander";
import * as z from "zod";
import { operations, type RunSummary, type runs } from "../../api/contract/index.ts";
import { act, examples, type Invocation, ONE_FORMATS, resolveRun, shortRunId, showOne } from "../frame/index.ts";
import {
  type Column,
  type Look,
  oneLine,
  renderTable,
  showSpan,
  showTokens,
  showUsd,
  showCount,
} from "../terminal/index.ts";
import { STATE_TONES } from "./detail.ts";

/** `caxton run tree` */
export function runTree(command: Command, invocation: Invocation): void {
  command
    .summary("show a run with the runs below it")
    .description(
      "Show a run with the runs that work for it because its agent delegated or handed off, and the approvals they wait for.",
    )
    .argument("<run>", "its id, the end of its id, or last");
  examples(command, [
    ["caxton run tree last", ""],
    ["caxton run tree 4f2a9c01 -o json", "as one document, with what the runs spent together"],
  ]);
  act(command, invocation, {
    input: z.object({ run: z.string() }),
    formats: ONE_FORMATS,
    run: async (context, { run }) => {
      const id = await resolveRun(context.client, run);
      const { raw, value } = await context.client.call(operations.run.tree, { id });
      await showOne(context, { raw, name: id, human: () => renderTree(value, id, context.terminal) });
    },
  });
}

type Node = RunSummary & { readonly level: number };

/** Runs in the order of the tree: each before those below it. */
function nodesBelow(items: readonly RunSummary[], id: string, level: number): readonly Node[] {
  return items
    .filter((item) => (level === 0 ? item.id === id : (item.handed_from ?? item.parent) === id))
    .flatMap((item) => [{ ...item, level }, ...nodesBelow(items, item.id, level + 1)]);
}

const COLUMNS: readonly Column<Node>[] = [
  { title: "ID", value: ({ id }) => id, short: ({ id }) => shortRunId(id) },
  { title: "AGENT", value: ({ agent, level }) => `${"› ".repeat(level)}${agent}` },
  { title: "STATE", value: ({ state }) => state, tone: ({ state }) => STATE_TONES[state] },
  { title: "TIME", value: (each) => (each.duration_ms === null ? "" : showSpan(each.duration_ms)), align: "right" },
  { title: "TOKENS", value: (each) => showTokens(each.input_tokens + each.output_tokens, each), align: "right" },
  { title: "REQUEST", value: (each) => oneLine(each.input_preview), shrinks: true },
];

function renderTree({ items, approvals, spent }: runs.RunTree, id: string, { style, columns }: Look): string {
  const shown = nodesBelow(items, id, 0);
  const table = renderTable<Node>(COLUMNS, shown, { widthMax: columns, wide: false, style });
  const asks = approvals.map(
    (each) =>
      `${oneLine(each.agent)} asks: may ${oneLine(each.tool)} be called?  caxton approval approve ${each.id}   (or deny)\n`,
  );
  return `${table}\nTogether: ${showCount(spent.tokens)} tokens, ${showUsd(spent.usd)}\n${asks.join("")}`;
}
