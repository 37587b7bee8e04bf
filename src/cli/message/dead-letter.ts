import { writeFileSync } from "node:fs";
import type { Command } from "commander";
import * as z from "zod";
import { type DeadLetter, operations } from "../../api/contract/index.ts";
import { systemClock } from "../../kernel/clock.ts";
import {
  act,
  confirm,
  type Context,
  examples,
  type Invocation,
  limitOption,
  LIST_FORMATS,
  listUpTo,
  ONE_FORMATS,
  pagesOf,
  showOne,
  showPages,
  UsageError,
} from "../frame/index.ts";
import { type Column, oneLine, renderFields, renderTable, safeText, type Style, ageColumn } from "../terminal/index.ts";

const ALL_MAX = 100_000;

/** `caxton message dead-letter` */
export function deadLetter(command: Command, invocation: Invocation): void {
  command
    .summary("manage undeliverable messages")
    .description(
      "Manage messages that could not be delivered. Their senders were notified. Fix the cause and retry them, or drop them.",
    );
  list(command.command("list"), invocation);
  get(command.command("get"), invocation);
  retry(command.command("retry"), invocation);
  drop(command.command("drop"), invocation);
  exportAll(command.command("export"), invocation);
}

const columns = (nowMs: number): readonly Column<DeadLetter>[] => [
  { title: "ID", value: ({ id }) => id },
  { title: "FROM", value: ({ sender }) => sender },
  { title: "TO", value: ({ recipient }) => recipient },
  { title: "PERFORMATIVE", value: ({ performative }) => performative },
  { title: "ATTEMPTS", value: ({ attempts }) => String(attempts) },
  ageColumn("GIVEN UP", ({ at }) => at, nowMs),
  { title: "CODE", value: ({ code }) => code },
  { title: "REASON", value: ({ reason }) => oneLine(reason), shrinks: true },
];

const filters = (command: Command): Command =>
  command
    .option("--to <name>", "only dead letters of this recipient")
    .option("--code <code>", "only dead letters with this error code");
const Filters = { to: z.string().optional(), code: z.string().optional() };

function list(command: Command, invocation: Invocation): void {
  filters(command.summary("list dead letters").description("List dead letters, newest first.")).addOption(
    limitOption(20),
  );
  examples(command, [["caxton message dead-letter list --to data-analyzer", ""]]);
  act(command, invocation, {
    input: z.object({ ...Filters, limit: z.number() }),
    formats: LIST_FORMATS,
    run: async (context, { to, code, limit }) => {
      const query = { recipient: to, code };
      await showPages(context, pagesOf(operations.deadLetter.list, query), {
        limit,
        columns: columns(systemClock.nowMs()),
        name: ({ id }) => id,
        empty: "no dead letters: everything was delivered, or still is tried",
        more: "older ones",
      });
    },
  });
}

function get(command: Command, invocation: Invocation): void {
  command
    .summary("show a dead letter")
    .description("Show a dead letter: its cause, its delivery attempts and the message.")
    .argument("<dead-letter>", "id, as the list shows it");
  examples(command, [["caxton message dead-letter get dl16.3", ""]]);
  act(command, invocation, {
    input: z.object({ deadLetter: z.string() }),
    formats: ONE_FORMATS,
    run: async (context, { deadLetter: id }) => {
      const { raw, value } = await context.client.call(operations.deadLetter.get, { id });
      const { style, columns: widthMax } = context.terminal;
      await showOne(context, { raw, name: id, human: () => letterText(value, style, widthMax) });
    },
  });
}

function letterText(letter: DeadLetter, style: Style, widthMax: number | undefined): string {
  const fields = renderFields([
    ["id", letter.id],
    ["from", safeText(letter.sender)],
    ["to", safeText(letter.recipient)],
    ["act", letter.performative],
    ["given up", letter.at],
    ["attempts", String(letter.attempts)],
    ["cause", `${letter.code}: ${safeText(letter.reason)}`],
    ["conversation", safeText(letter.conversation_id)],
  ]);
  const columnsOfAttempts: readonly Column<DeadLetter["history"][number]>[] = [
    { title: "ATTEMPT", value: ({ attempt }) => String(attempt) },
    { title: "AT", value: ({ at }) => at },
    { title: "REASON", value: ({ reason }) => oneLine(reason), shrinks: true },
  ];
  const attempts = renderTable(columnsOfAttempts, letter.history, { widthMax, wide: false, style });
  const history = letter.history.length === 0 ? "" : `\n${attempts}`;
  return `${fields}${history}\n${safeText(JSON.stringify(letter.message, undefined, 2))}\n`;
}

function retry(command: Command, invocation: Invocation): void {
  filters(
    command
      .summary("redeliver dead letters")
      .description("Redeliver dead letters to their recipients, under their old ids.")
      .argument("[dead-letter...]", "ids, as the list shows them")
      .option("--all", "all dead letters, or all that match the filters"),
  );
  examples(command, [
    ["caxton message dead-letter retry dl16.3", ""],
    ["caxton message dead-letter retry --all --to data-analyzer", "once it works again"],
  ]);
  act(command, invocation, {
    input: Named,
    formats: ONE_FORMATS,
    run: async (context, input) => {
      const ids = await meant(context, input, "caxton message dead-letter retry");
      const { raw, value } = await context.client.call(operations.deadLetter.retry, { ids });
      await showOne(context, { raw, name: ids.join("\n"), human: () => `${value.retried} sent again\n` });
    },
  });
}

function drop(command: Command, invocation: Invocation): void {
  filters(
    command
      .summary("delete dead letters")
      .description("Delete dead letters permanently. To keep a copy, export them first.")
      .argument("[dead-letter...]", "ids, as the list shows them")
      .option("--all", "all dead letters, or all that match the filters"),
  );
  examples(command, [["caxton message dead-letter drop dl16.3", ""]]);
  act(command, invocation, {
    input: Named,
    formats: ONE_FORMATS,
    run: async (context, input) => {
      const ids = await meant(context, input, "caxton message dead-letter drop");
      if (!(await confirm(context, `Forget ${ids.length} dead letters?`, "caxton message dead-letter drop"))) return;
      let dropped = 0;
      for (const id of ids) {
        const { value } = await context.client.call(operations.deadLetter.drop, { id });
        dropped += value.dropped;
      }
      await showOne(context, { raw: { dropped }, name: ids.join("\n"), human: () => `${dropped} forgotten\n` });
    },
  });
}

function exportAll(command: Command, invocation: Invocation): void {
  filters(
    command
      .summary("export dead letters")
      .description("Export dead letters as JSON lines, each with its attempts and its message.")
      .option("--file <path>", "target file; default: standard output"),
  );
  examples(command, [["caxton message dead-letter export --file dead.jsonl", ""]]);
  act(command, invocation, {
    input: z.object({ ...Filters, file: z.string().optional() }),
    formats: ["jsonl"],
    run: async (context, { to, code, file }) => {
      const query = { recipient: to, code };
      const all = pagesOf(operations.deadLetter.list, query);
      const { items } = (await listUpTo(context.client, all, ALL_MAX)).value;
      const text = items.map((item) => `${JSON.stringify(item)}\n`).join("");
      if (file === undefined) return context.terminal.write(text);
      writeFileSync(file, text);
      context.terminal.note(`${items.length} written to ${file}`);
    },
  });
}

const Named = z.object({ ...Filters, deadLetter: z.array(z.string()).default([]), all: z.boolean().default(false) });

async function meant(
  context: Context,
  { deadLetter: ids, all: isAll, to, code }: z.infer<typeof Named>,
  path: string,
): Promise<readonly string[]> {
  if (isAll === ids.length > 0) throw new UsageError("name dead letters, or give --all", path);
  if (!isAll) return ids;
  const all = pagesOf(operations.deadLetter.list, { recipient: to, code });
  return (await listUpTo(context.client, all, ALL_MAX)).value.items.map(({ id }) => id);
}
