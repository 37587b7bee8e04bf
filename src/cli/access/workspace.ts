import { type Command, Option } from "commander";
import * as z from "zod";
import { operations, type Workspace, workspaces } from "../../api/contract/index.ts";
import { systemClock } from "../../kernel/clock.ts";
import {
  act,
  type CommandMaker,
  confirmName,
  download,
  type Context,
  examples,
  type Invocation,
  limitOption,
  LIST_FORMATS,
  listOption,
  ONE_FORMATS,
  pagesOf,
  showOne,
  showPages,
  UsageError,
} from "../frame/index.ts";
import { ageColumn, type Column, countOf, oneLine, renderFields, safeText, showBytes } from "../terminal/index.ts";

/** A workspace may have much to delete. */
const DELETION_MS = 3_600_000;

type Quotas = Workspace["quotas"];

/** `caxton workspace` */
export const workspace: CommandMaker = (command, invocation) => {
  command.description(
    "Manage workspaces. A workspace has its own agents, tool servers, runs, files, messages, memory, budgets and keys: two teams share a server and do not see each other's data. A command applies to the workspace of --workspace, CAXTON_WORKSPACE, the context, or the key.",
  );
  examples(command, [
    ["caxton workspace create red --quota agents=50", ""],
    ["caxton key create ann --role operator --workspace red", "a key that is valid in red only"],
    ["caxton agent list --workspace red", "the agents of red"],
    ["caxton workspace use red", "for all later commands on this server"],
  ]);
  list(command.command("list"), invocation);
  get(command.command("get"), invocation);
  create(command.command("create"), invocation);
  update(command.command("update"), invocation);
  use(command.command("use"), invocation);
  remove(command.command("delete"), invocation);
  exportTo(command.command("export"), invocation);
};

/** These commands do not fail in a workspace that was deleted: with them the user chooses another. */
const clientOf = ({ client }: Context) => client.inWorkspace(undefined);

const quotasText = (quotas: Quotas): string =>
  Object.entries(quotas)
    .map(([name, max]) => `${name}=${max}`)
    .join(" ");

const columns = (nowMs: number): readonly Column<Workspace>[] => [
  { title: "NAME", value: ({ name }) => name },
  { title: "STATE", value: ({ state }) => state },
  ageColumn("CREATED", (each) => each.created_at, nowMs),
  { title: "QUOTAS", value: ({ quotas }) => quotasText(quotas), shrinks: true },
  { title: "DESCRIPTION", value: ({ description }) => safeText(description), shrinks: true },
];

function list(command: Command, invocation: Invocation): void {
  command.summary("list workspaces").description("List the workspaces that you may use.").addOption(limitOption(50));
  examples(command, [["caxton workspace list", ""]]);
  act(command, invocation, {
    input: z.object({ limit: z.number() }),
    formats: LIST_FORMATS,
    run: async (context, { limit }) =>
      showPages({ ...context, client: clientOf(context) }, pagesOf(operations.workspace.list, {}), {
        limit,
        columns: columns(systemClock.nowMs()),
        name: ({ name }) => name,
        empty: "there are no workspaces that you may use",
      }),
  });
}

async function show(context: Context, { raw, value }: Awaited<ReturnType<typeof read>>): Promise<void> {
  const { name, state, description, created_at: created, quotas, signatures } = value;
  await showOne(context, {
    raw,
    name,
    human: () =>
      renderFields(
        [
          ["name", name],
          ["state", state],
          ["description", safeText(description)],
          ["created", created],
          ["quotas", quotasText(quotas) || "none"],
          ["signatures", signatures],
        ],
        context.terminal,
      ),
  });
}

const read = (context: Context, name: string) => clientOf(context).call(operations.workspace.get, { name });

function get(command: Command, invocation: Invocation): void {
  command.summary("show a workspace").description("Show a workspace with its quotas.").argument("<name>", "workspace");
  examples(command, [["caxton workspace get red", ""]]);
  act(command, invocation, {
    input: z.object({ name: z.string() }),
    formats: ONE_FORMATS,
    run: async (context, { name }) => show(context, await read(context, name)),
  });
}

const QUOTA_NAMES = workspaces.WorkspaceQuotas.keyof();
const quotaOption = () =>
  listOption(
    "--quota <name=max>",
    `maximum of ${QUOTA_NAMES.options.join(", ")}; none for no maximum; may be repeated`,
  );
const SIGNATURES = workspaces.Workspace.shape.signatures;
const SignaturesOption = SIGNATURES.optional();
const signaturesOption = () =>
  new Option("--signatures <policy>", "whether messages need a signature").choices([...SIGNATURES.options]);
const Quota = z.string().transform((text, checked): readonly [string, number | undefined] => {
  const [, name, max = ""] = /^([^=]+)=(none|\d{1,15})$/.exec(text) ?? [];
  const found = QUOTA_NAMES.safeParse(name);
  if (found.success) return [found.data, max === "none" ? undefined : Number(max)];
  checked.addIssue(`expected one such as agents=50; the names are ${QUOTA_NAMES.options.join(", ")}`);
  return z.NEVER;
});

/** The quotas without those that are to have no maximum. */
const merged = (before: Quotas, changes: readonly (readonly [string, number | undefined])[]): Quotas =>
  workspaces.WorkspaceQuotas.parse({ ...before, ...Object.fromEntries(changes) });

function create(command: Command, invocation: Invocation): void {
  command
    .summary("create a workspace")
    .description("Create a workspace. Its keys are created with caxton key create --workspace <name>.")
    .argument("<name>", "1 to 63 lower-case letters, digits and -")
    .option("--description <text>", "what it is for")
    .addOption(quotaOption())
    .addOption(signaturesOption());
  examples(command, [
    ["caxton workspace create red", ""],
    ["caxton workspace create blue --quota agents=50 --quota runs_per_minute=60", ""],
  ]);
  act(command, invocation, {
    input: z.object({
      name: z.string(),
      description: z.string().optional(),
      quota: z.array(Quota).default([]),
      signatures: SignaturesOption,
    }),
    formats: ONE_FORMATS,
    run: async (context, { name, description, quota, signatures }) => {
      const body = { name, description, quotas: merged({}, quota), signatures };
      await show(context, await clientOf(context).call(operations.workspace.create, body));
    },
  });
}

function update(command: Command, invocation: Invocation): void {
  command
    .summary("change a workspace")
    .description("Change the description, quotas or signature policy of a workspace. Quotas that are not named remain.")
    .argument("<name>", "workspace")
    .option("--description <text>", "what it is for")
    .addOption(quotaOption())
    .addOption(signaturesOption());
  examples(command, [
    ["caxton workspace update red --quota concurrent_runs=4", ""],
    ["caxton workspace update red --quota concurrent_runs=none", "no maximum"],
    ["caxton workspace update red --signatures required", "programs must sign their messages"],
  ]);
  act(command, invocation, {
    input: z.object({
      name: z.string(),
      description: z.string().optional(),
      quota: z.array(Quota).default([]),
      signatures: SignaturesOption,
    }),
    formats: ONE_FORMATS,
    run: async (context, { name, description, quota, signatures }) => {
      const { value } = await read(context, name);
      const change = { name, description, quotas: merged(value.quotas, quota), signatures };
      await show(context, await clientOf(context).call(operations.workspace.update, change));
    },
  });
}

function use(command: Command, invocation: Invocation): void {
  command
    .summary("choose the workspace of later commands")
    .description(
      "Store the workspace of later commands in the current context. With --none, they apply to the workspace of the key.",
    )
    .argument("[name]", "workspace")
    .option("--none", "the workspace of the key");
  examples(command, [
    ["caxton workspace use red", ""],
    ["caxton --context prod workspace use red", ""],
  ]);
  act(command, invocation, {
    input: z.object({ name: z.string().optional(), none: z.boolean().default(false) }),
    formats: ONE_FORMATS,
    run: async (context, { name, none }) => {
      const path = "caxton workspace use";
      if (none === (name !== undefined)) throw new UsageError("name a workspace, or add --none", path);
      const { saved, contexts } = context;
      if (saved === undefined)
        throw new UsageError("you are not logged in: use --workspace or CAXTON_WORKSPACE, or log in", path);
      if (name !== undefined) await read(context, name);
      contexts.change({ ...saved, workspace: name });
      await showOne(context, {
        raw: { context: saved.name, workspace: name ?? null },
        name: name ?? "",
        human: () =>
          `commands on ${safeText(saved.name)} use ${name === undefined ? "the workspace of the key" : `the workspace ${name}`}\n`,
      });
    },
  });
}

function remove(command: Command, invocation: Invocation): void {
  command
    .summary("delete a workspace")
    .description(
      "Delete a workspace permanently, with its agents, tool servers, runs, files, messages, memory and keys. Asks for its name unless --yes is given. The command waits for the end; if it is interrupted, the server continues.",
    )
    .argument("<name>", "workspace");
  examples(command, [
    ["caxton workspace delete red", ""],
    ["caxton workspace delete red --yes", "for scripts"],
  ]);
  act(command, invocation, {
    input: z.object({ name: z.string() }),
    formats: ONE_FORMATS,
    run: async (context, { name }) => {
      const question = `Delete the workspace ${name} with everything in it? This cannot be undone.`;
      await confirmName(context, { name, question, command: "caxton workspace delete" });
      const wanted = { name, confirm: "true" } as const;
      await clientOf(context).call(operations.workspace.delete, wanted, { timeoutMs: DELETION_MS });
      await showOne(context, { raw: { name, deleted: true }, name, human: () => `the workspace ${name} is deleted\n` });
    },
  });
}

function exportTo(command: Command, invocation: Invocation): void {
  command
    .summary("export a workspace")
    .description(
      "Export a workspace as JSON lines: agents with their revisions, tool servers, budgets, participants, messages, runs and memory. It contains no secrets. The file is written completely or not at all. Default: standard output.",
    )
    .argument("<name>", "workspace")
    .argument("[file]", "target file");
  examples(command, [["caxton workspace export red red.jsonl", ""]]);
  act(command, invocation, {
    input: z.object({ name: z.string(), file: z.string().optional() }),
    formats: ["text"],
    run: async (context, { name, file }) => {
      const { terminal } = context;
      const { bytes, lines } = await download(
        { ...context, client: clientOf(context) },
        {
          operation: operations.workspace.export,
          params: { name },
          file,
          onLines: (done) => terminal.status(`${oneLine(file ?? name)}: ${countOf(done, "line")}`),
        },
      );
      if (file !== undefined)
        terminal.note(`exported to ${oneLine(file)}: ${countOf(lines, "line")}, ${showBytes(bytes)}`);
    },
  });
}
