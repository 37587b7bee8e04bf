import type { Command } from "commander";
import * as z from "zod";
import { type Approval, approvals, operations } from "../../../api/contract/index.ts";
import { systemClock } from "../../../kernel/clock.ts";
import {
  act,
  ApprovalReferenceError,
  type CommandMaker,
  type Context,
  EACH_FORMATS,
  examples,
  type Invocation,
  limitOption,
  LIST_FORMATS,
  listUpTo,
  pagesOf,
  resolveRun,
  shortRunId,
  ONE_FORMATS,
  showEach,
  showOne,
  showPages,
  UsageError,
} from "../../frame/index.ts";
import { type Column, oneLine, safeText, ageColumn } from "../../terminal/index.ts";
import { APPROVAL_TONES, approvalLines } from "./approval-lines.ts";
import { objectIn, sendNo, sendYes } from "./approve.ts";

const ARGUMENT = "its id, the end of its id, or last";
const ANSWERED = "its id, or the end of its id";
const OPEN_MAX = 1_000;
const HASH = ["--hash <hash>", "refuse to answer unless this is the call's hash, as `get` shows it"] as const;

/** `caxton approval`: calls of tools that wait for a person. */
export const approval: CommandMaker = (command, invocation) => {
  command.description(
    "List, approve and deny tool calls for which a rule of [permissions] requires approval. The run is suspended until the approval is answered.",
  );
  list(command.command("list"), invocation);
  get(command.command("get"), invocation);
  approve(command.command("approve"), invocation);
  deny(command.command("deny"), invocation);
};

const columns = (nowMs: number): readonly Column<Approval>[] => [
  { title: "ID", value: ({ id }) => id, short: ({ id }) => shortRunId(id) },
  { title: "STATE", value: ({ state }) => state, tone: ({ state }) => APPROVAL_TONES[state] },
  { title: "AGENT", value: ({ agent }) => agent },
  { title: "TOOL", value: ({ tool }) => tool },
  ageColumn("ASKED", (each) => each.asked_at, nowMs),
  { title: "BY", value: ({ by }) => by?.name ?? "", wide: true },
  { title: "RUN", value: ({ run }) => run, short: ({ run }) => shortRunId(run), wide: true },
  { title: "RULE", value: ({ rule }) => oneLine(rule), wide: true },
  { title: "ARGUMENTS", value: (each) => oneLine(JSON.stringify(each.arguments)), shrinks: true },
];

function list(command: Command, invocation: Invocation): void {
  command
    .summary("list approvals")
    .description("List pending approvals, oldest first; those in other states newest first.")
    .addOption(
      command
        .createOption("--state <state>", "only approvals in this state; default: pending")
        .choices([...approvals.ApprovalState.options, "all"])
        .default("open"),
    )
    .option("--run <run>", "only approvals of this run")
    .addOption(limitOption(20));
  examples(command, [
    ["caxton approval list", "what waits for you"],
    ["caxton approval list --state all --run last", "what was asked in the newest run, and who answered"],
    ["caxton approval list -o wide", "with the rule that asks, and the run"],
  ]);
  act(command, invocation, {
    input: z.object({
      state: z.enum([...approvals.ApprovalState.options, "all"]),
      run: z.string().optional(),
      limit: z.number(),
    }),
    formats: LIST_FORMATS,
    run: async (context, { state, run, limit }) => {
      const query = {
        state: state === "all" ? undefined : state,
        run: run === undefined ? undefined : await resolveRun(context.client, run),
      };
      await showPages(context, pagesOf(operations.approval.list, query), {
        limit,
        columns: columns(systemClock.nowMs()),
        name: ({ id }) => id,
        empty: state === "open" ? "nothing waits for a person" : "no such approvals",
      });
    },
  });
}

function get(command: Command, invocation: Invocation): void {
  command
    .summary("show an approval")
    .description("Show an approval: the call's arguments, the rule that requires it, and the answer.")
    .argument("<approval>", ARGUMENT);
  examples(command, [
    ["caxton approval get last", ""],
    ["caxton approval get 4f2a9c01 -o json", "by the end of its id"],
  ]);
  act(command, invocation, {
    input: z.object({ approval: z.string() }),
    formats: ONE_FORMATS,
    run: async (context, { approval: reference }) => {
      const id = await resolveApproval(context, reference);
      const { raw, value } = await context.client.call(operations.approval.get, { id });
      await showOne(context, {
        raw,
        name: id,
        human: () =>
          `${approvalLines(value)
            .map((line) => safeText(line))
            .join("\n")}\n`,
      });
    },
  });
}

function approve(command: Command, invocation: Invocation): void {
  command
    .summary("approve tool calls")
    .description(
      "Approve tool calls. With --edit, the call is made with other arguments that fit the tool; the model is notified.",
    )
    .argument("[approval...]", ANSWERED)
    .option("--edit <json>", "arguments to use instead; for one approval")
    .option("--note <text>", "note to the model, added to the result", "")
    .option("--for-run", "approve further calls of this tool under the same rule in this run")
    .option(...HASH)
    .option("--all", "all pending approvals");
  examples(command, [
    ["caxton approval approve 4f2a9c01", "by the end of its id"],
    ["caxton approval approve 4f2a9c01 --hash 9c1f…", "only the call that was displayed"],
    [`caxton approval approve 4f2a9c01 --edit '{"path":"out/report.md"}'`, "with other arguments"],
    ["caxton approval approve 4f2a9c01 --for-run", "and further ones like it"],
    ["caxton approval approve --all", "everything that waits"],
  ]);
  act(command, invocation, {
    input: z.object({
      approval: z.array(z.string()).default([]),
      edit: z.string().optional(),
      note: z.string(),
      forRun: z.boolean().default(false),
      hash: z.string().optional(),
      all: z.boolean().default(false),
    }),
    formats: EACH_FORMATS,
    run: async (context, { approval: references, edit, note, forRun, hash, all }) => {
      const path = "caxton approval approve";
      const ids = await meant(context, references, { all, hash, path });
      if (edit !== undefined && ids.length !== 1) throw new UsageError("--edit is for one approval", path);
      const given = edit === undefined ? undefined : objectIn(edit);
      if (edit !== undefined && given === undefined) throw new UsageError("--edit takes a JSON object", path);
      const body = { hash, note, remember: forRun, ...(given !== undefined && { arguments: given }) };
      await answerEach(context, { ids, all }, (id) => sendYes(context, id, body));
    },
  });
}

function deny(command: Command, invocation: Invocation): void {
  command
    .summary("deny tool calls")
    .description("Deny tool calls. Their runs continue, and the model receives the reason.")
    .argument("[approval...]", ANSWERED)
    .option("--reason <text>", "reason sent to the model", "")
    .option(...HASH)
    .option("--all", "all pending approvals");
  examples(command, [
    ['caxton approval deny 4f2a9c01 --reason "write to out/ only"', ""],
    ["caxton approval deny --all", "everything that waits"],
  ]);
  act(command, invocation, {
    input: z.object({
      approval: z.array(z.string()).default([]),
      reason: z.string(),
      hash: z.string().optional(),
      all: z.boolean().default(false),
    }),
    formats: EACH_FORMATS,
    run: async (context, { approval: references, reason, hash, all }) => {
      const path = "caxton approval deny";
      const ids = await meant(context, references, { all, hash, path });
      await answerEach(context, { ids, all }, (id) => sendNo(context, id, { hash, reason }));
    },
  });
}

/** Answers approvals in order and prints the outcome of each. */
function answerEach(
  context: Context,
  { ids, all }: { readonly ids: readonly string[]; readonly all: boolean },
  answer: (id: string) => ReturnType<typeof sendNo>,
): Promise<void> {
  return showEach(
    context,
    (async function* () {
      for (const id of ids) {
        const { raw, value } = await answer(id);
        const state = context.terminal.style(APPROVAL_TONES[value.state], value.state);
        yield { raw, name: value.id, human: () => `${value.id}  ${safeText(value.tool)}  ${state}\n` };
      }
    })(),
    ids.length === 1 && !all,
  );
}

/**
 * The approvals named, or all that wait. Not by `last`: it may be one that came after the person looked. Throws UsageError,
 * ApprovalReferenceError.
 */
async function meant(
  context: Context,
  references: readonly string[],
  { all, hash, path }: { readonly all: boolean; readonly hash: string | undefined; readonly path: string },
): Promise<readonly string[]> {
  if (all === references.length > 0) throw new UsageError("name approvals, or give --all", path);
  if (references.includes("last"))
    throw new UsageError(
      '"last" may be a call that you have not seen',
      path,
      "Name the approval by its id, which `caxton approval get last` shows",
    );
  const ids = all
    ? (await openOnes(context)).toReversed().map(({ id }) => id)
    : await Promise.all(references.map((reference) => resolveApproval(context, reference)));
  if (hash !== undefined && ids.length !== 1) throw new UsageError("--hash is for one approval", path);
  return ids;
}

/** Newest first, so that `last` is among them whatever their number. */
async function openOnes({ client }: Context): Promise<readonly Approval[]> {
  const query = pagesOf(operations.approval.list, { state: "open", order: "newest" });
  return (await listUpTo(client, query, OPEN_MAX)).value.items;
}

const WHOLE_ID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

/** The id meant by a whole id, by `last`, or by the end of one that waits. Throws ApprovalReferenceError. */
async function resolveApproval(context: Context, reference: string): Promise<string> {
  if (WHOLE_ID.test(reference)) return reference.toLowerCase();
  const open = await openOnes(context);
  const fitting =
    reference === "last" ? open.slice(0, 1) : open.filter(({ id }) => id.endsWith(reference.toLowerCase()));
  const [only, ...others] = fitting;
  if (only && others.length === 0) return only.id;
  throw new ApprovalReferenceError(
    only ? `"${reference}" fits ${fitting.length} approvals` : `no approval that waits is "${reference}"`,
    "an approval is named by its id, by the last characters of it, or by the word last; see: caxton approval list",
    { reference },
  );
}
