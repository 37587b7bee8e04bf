import type { Command } from "commander";
import * as z from "zod";
import { operations, type ToolServerDifference, type ToolServerVersion } from "../../api/contract/index.ts";
import { systemClock } from "../../kernel/clock.ts";
import {
  act,
  examples,
  type Invocation,
  limitOption,
  LIST_FORMATS,
  ONE_FORMATS,
  pagesOf,
  revisionOption,
  showOne,
  showPages,
} from "../frame/index.ts";
import { changeLines } from "./changes.ts";
import { publisherText } from "./detail.ts";
import { type Column, countOf, type Look, showAge, showBytes } from "../terminal/index.ts";

const columns = (nowMs: number): readonly Column<ToolServerVersion>[] => [
  { title: "REV", value: ({ revision }) => String(revision), align: "right" },
  { title: "VERSION", value: ({ version }) => version },
  {
    title: "STATUS",
    value: ({ status }) => status,
    tone: ({ status }) => ({ serving: "green", pending: "yellow", draining: "yellow", past: "dim" } as const)[status],
  },
  { title: "TOOLS", value: (each) => String(each.tools), align: "right" },
  { title: "SIZE", value: ({ module_bytes: bytes }) => showBytes(bytes), align: "right" },
  { title: "PUBLISHER", value: ({ publisher }) => publisherText(publisher) },
  {
    title: "DEPLOYED",
    value: ({ deployed_at: at }) => at,
    short: ({ deployed_at: at }) => showAge(Date.parse(at), nowMs),
  },
  { title: "SHA-256", value: ({ module_hash: hash }) => hash, short: ({ module_hash: hash }) => hash.slice(0, 12) },
  { title: "CHANGES", value: ({ changes }) => changes.map(({ text }) => text).join("; "), shrinks: true },
];

/** `caxton tool versions` */
export function toolVersions(command: Command, invocation: Invocation): void {
  command
    .summary("list the revisions of a tool server")
    .description(
      "List the stored revisions of a tool server with their changes, newest first. To activate one of them, use caxton tool activate.",
    )
    .argument("<server>", "name of the tool server")
    .addOption(limitOption(20));
  examples(command, [
    ["caxton tool versions weather", ""],
    ["caxton tool activate weather --revision 2", "back to an older one"],
  ]);
  act(command, invocation, {
    input: z.object({ server: z.string(), limit: z.number() }),
    formats: LIST_FORMATS,
    run: (context, { server, limit }) =>
      showPages(context, pagesOf(operations.toolServer.versions, { name: server }), {
        limit,
        columns: columns(systemClock.nowMs()),
        name: ({ revision }) => String(revision),
        empty: `${server} has no revisions`,
        more: "older ones",
      }),
  });
}

/** `caxton tool diff` */
export function toolDiff(command: Command, invocation: Invocation): void {
  command
    .summary("compare two revisions of a tool server")
    .description(
      "Compare two revisions of a tool server; default: the active one, and the pending or newest one. Changes marked ! alter tools that models know, or request more grants.",
    )
    .argument("<server>", "name of the tool server")
    .addOption(revisionOption("--from <n>", "older revision"))
    .addOption(revisionOption("--to <n>", "newer revision"));
  examples(command, [
    ["caxton tool diff weather", "before accepting it"],
    ["caxton tool diff weather --from 1 --to 3", ""],
    ["caxton tool accept weather", "let what waits serve"],
  ]);
  act(command, invocation, {
    input: z.object({ server: z.string(), from: z.number().optional(), to: z.number().optional() }),
    formats: ONE_FORMATS,
    run: async (context, { server, from, to }) => {
      const { raw, value } = await context.client.call(operations.toolServer.diff, { name: server, from, to });
      await showOne(context, { raw, name: value.name, human: () => renderDifference(value, context.terminal) });
    },
  });
}

function renderDifference({ name, from, to, changes }: ToolServerDifference, { style }: Look): string {
  const head = `${style("bold", name)}  revision ${from} → ${to}  ${countOf(changes.length, "change")}\n`;
  const lines = changeLines(changes, style).map((line) => `  ${line}\n`);
  return head + lines.join("");
}
