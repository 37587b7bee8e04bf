import { type Command, Option } from "commander";
import * as z from "zod";
import { operations, SideEffects, type Thread } from "../../api/contract/index.ts";
import { sideEffectsOption } from "./start.ts";
import { type Answer, fileToSend } from "../client/index.ts";
import {
  act,
  type CommandMaker,
  commandPath,
  type Context,
  download,
  examples,
  Filter,
  filterOf,
  filterOptions,
  type Invocation,
  limitOption,
  LIST_FORMATS,
  listOption,
  ONE_FORMATS,
  pagesOf,
  revisionOption,
  sendFiles,
  showOne,
  showPages,
  spanSeconds,
  UsageError,
} from "../frame/index.ts";
import { oneLine, safeText, showBytes } from "../terminal/index.ts";
import { effectsText, turnsAfter } from "./effects.ts";
import { followRun } from "./follow.ts";
import { threadColumns, threadText } from "./thread-view.ts";

/** `caxton thread` */
export const thread: CommandMaker = (command, invocation) => {
  command.description(
    "Hold lasting dialogues with agents. Each message is a run that continues an earlier one; other branches stay.",
  );
  examples(command, [
    ["caxton thread create data-analyzer", "print the id of a new thread"],
    ['caxton thread send <thread> "mean price per region" --file sales.csv', ""],
    ['caxton thread send <thread> "and per year?"', ""],
    ["caxton thread get <thread>", "the dialogue"],
  ]);
  create(command.command("create"), invocation);
  send(command.command("send"), invocation);
  list(command.command("list"), invocation);
  get(command.command("get"), invocation);
  update(command.command("update"), invocation);
  undo(command.command("undo"), invocation);
  fork(command.command("fork"), invocation);
  exportTo(command.command("export"), invocation);
  cancel(command.command("cancel"), invocation);
  remove(command.command("delete"), invocation);
};

const Named = z.object({ thread: z.string() });
const EXPIRES = "--expires-after <duration>";
const ARGUMENT = ["<thread>", "id of the thread"] as const;
const shown = (context: Context, { raw, value }: Answer<Thread>) =>
  showOne(context, { raw, name: value.id, human: () => `${value.id}\n` });

function create(command: Command, invocation: Invocation): void {
  command
    .summary("create a thread")
    .description("Create a thread with an agent and print its id. Its turns use the revision that serves now.")
    .argument("<agent>", "name of a deployed agent")
    .option("--title <text>", "title. Default: the first words of the first message")
    .addOption(listOption("--tag <tag>", "tag; may be repeated"))
    .option("--key <name>", "name of your own; prints the thread that has it, if there is one")
    .option("--latest", "use the agent's newest revision at each turn")
    .option(EXPIRES, "time until it is deleted with its turns, such as 30d. Default: never")
    .option("--from-run <run>", "run that the first message continues");
  examples(command, [["caxton thread create data-analyzer --title Sales --tag q3", ""]]);
  act(command, invocation, {
    input: z.object({
      agent: z.string(),
      title: z.string().optional(),
      tag: z.array(z.string()).default([]),
      key: z.string().optional(),
      latest: z.boolean().default(false),
      expiresAfter: z.string().optional(),
      fromRun: z.string().optional(),
    }),
    formats: ONE_FORMATS,
    run: async (context, { agent, title, tag: tags, key, latest, expiresAfter, fromRun }) => {
      const body = {
        agent,
        tags,
        ...(title !== undefined && { title }),
        ...(key !== undefined && { key }),
        ...(latest && { revision: "latest" as const }),
        ...(expiresAfter !== undefined && {
          expires_after: await spanSeconds(expiresAfter, EXPIRES, commandPath(command)),
        }),
        ...(fromRun !== undefined && { from_run: fromRun }),
      };
      await shown(context, await context.client.call(operations.thread.create, body));
    },
  });
}

const WHEN_BUSY = ["queue", "steer", "interrupt", "reject"] as const;
const whenBusyOption = (): Option =>
  new Option(
    "--when-busy <what>",
    "while a turn is in progress: wait for it, join it, cancel it or fail; default: as the definition says",
  ).choices(WHEN_BUSY);

function send(command: Command, invocation: Invocation): void {
  command
    .summary("send a message")
    .description(
      "Send a message to the agent of a thread and stream its answer. Ctrl-C cancels the turn. With --instead-of, the message replaces that of an earlier turn in a new branch; effects of tools of the turns that it replaces stay and are listed.",
    )
    .argument(...ARGUMENT)
    .argument("[message...]", "the message; with --instead-of default: that of the turn")
    .addOption(
      listOption("-f, --file <path>", "file that the tools may read in this turn and later ones; may be repeated"),
    )
    .option("-m, --model <provider/model>", "override the model for this turn")
    .option("--instead-of <run>", "turn that the message replaces")
    .option("--full-history", "show the model all earlier turns in full, as far as its window allows")
    .addOption(whenBusyOption())
    .addOption(sideEffectsOption())
    .option("--no-stream", "print the answer when it is complete")
    .option("-d, --detach", "send the message and print the id of its run without waiting");
  examples(command, [
    ['caxton thread send <thread> "and per year?"', ""],
    ['caxton thread send <thread> "only for 2026" --when-busy steer', "join the turn in progress"],
    ["caxton thread send <thread> --instead-of <run>", "answer that message again"],
  ]);
  act(command, invocation, {
    input: Named.extend({
      message: z.array(z.string()),
      file: z.array(z.string()).default([]),
      model: z.string().optional(),
      insteadOf: z.string().optional(),
      fullHistory: z.boolean().default(false),
      whenBusy: z.enum(WHEN_BUSY).optional(),
      sideEffects: SideEffects.optional(),
      stream: z.boolean(),
      detach: z.boolean().default(false),
    }),
    formats: ["text", "json", "jsonl"],
    run: async (
      context,
      { thread: id, message, file, model, insteadOf, fullHistory, whenBusy, sideEffects, stream, detach },
    ) => {
      const uploads = await sendFiles(context, await Promise.all(file.map(fileToSend)), new AbortController().signal);
      const { client } = context;
      const before = insteadOf === undefined ? undefined : (await client.call(operations.thread.get, { id })).value;
      const { raw, value } = await client.call(operations.thread.send, {
        id,
        ...(message.length > 0 && { input: message.join(" ") }),
        ...(uploads.length > 0 && { uploads }),
        ...(model !== undefined && { model }),
        ...(insteadOf !== undefined && { instead_of: insteadOf }),
        full_history: fullHistory,
        ...(whenBusy !== undefined && { when_busy: whenBusy }),
        ...(sideEffects !== undefined && { side_effects: sideEffects }),
        attended: context.terminal.canAsk && context.format === "text" && !detach,
      });
      const { run } = value;
      for (const each of value.blocked_by)
        context.terminal.note(
          `the message waits until run ${each.run} of ${oneLine(each.agent)} gets what it waits for: caxton run watch ${each.run}`,
        );
      if (before !== undefined) await noteEffects(context, before, await parentOf(context, id, run.id));
      if (!detach) return followRun(context, run.id, { stream, onInterrupt: "cancel" });
      await showOne(context, { raw, name: run.id, human: () => `${run.id}\n` });
      return 0;
    },
  });
}

/** The turn before a turn of a thread; null for a first one. */
async function parentOf({ client }: Context, id: string, run: string): Promise<string | null> {
  const { value } = await client.call(operations.thread.turns, { id, head: run, limit: 1 });
  return value.items[0]?.parent ?? null;
}

/** Prints which changes by tools stay, of the turns that a thread shown before had after one of its turns. */
async function noteEffects({ client, terminal }: Context, { id, head }: Thread, turn: string | null): Promise<void> {
  const text = effectsText(await turnsAfter(client, { id, head, turn }));
  if (text !== "") terminal.note(text);
}

function list(command: Command, invocation: Invocation): void {
  command
    .summary("list threads")
    .description("List threads, the last used first.")
    .option("--agent <name>", "only threads with this agent")
    .option("--conversations", "agents' parts of conversations with other agents, instead of dialogues with users")
    .addOption(limitOption(50));
  filterOptions(command, "threads");
  examples(command, [
    ["caxton thread list --agent data-analyzer --tag q3", ""],
    ['caxton thread list --search "flipper length"', ""],
  ]);
  act(command, invocation, {
    input: Filter.extend({
      agent: z.string().optional(),
      conversations: z.boolean().default(false),
      limit: z.number(),
    }),
    formats: LIST_FORMATS,
    run: async (context, { limit, conversations, ...filter }) => {
      const only = await filterOf(filter, commandPath(command));
      await showPages(
        context,
        pagesOf(operations.thread.list, { ...only, kind: conversations ? "conversation" : "dialogue" }),
        {
          limit,
          columns: threadColumns(Date.now()),
          name: ({ id }) => id,
          empty: "no threads; start one with: caxton thread create <agent>",
        },
      );
    },
  });
}

const TURNS = 50;

function get(command: Command, invocation: Invocation): void {
  command
    .summary("show a thread")
    .description(`Show a thread and the last ${TURNS} turns of its branch. In front of each is the id of its run.`)
    .argument(...ARGUMENT);
  examples(command, [["caxton thread get <thread>", ""]]);
  act(command, invocation, {
    input: Named,
    formats: ONE_FORMATS,
    run: async (context, { thread: id }) => {
      const { raw, value } = await context.client.call(operations.thread.get, { id });
      const { value: page } = await context.client.call(operations.thread.turns, { id, limit: TURNS });
      const human = () => threadText(value, page, context.terminal);
      await showOne(context, { raw, name: value.id, human });
    },
  });
}

function update(command: Command, invocation: Invocation): void {
  command
    .summary("change a thread")
    .description(
      "Change a thread. --head selects another branch, or an earlier turn to undo the later ones; no turn is deleted.",
    )
    .argument(...ARGUMENT)
    .option("--title <text>", "title")
    .addOption(listOption("--tag <tag>", "tags instead of the present ones; may be repeated"))
    .addOption(new Option("--clear-tags", "remove all tags").conflicts("tag"))
    .option("--head <run>", "turn to show and continue from")
    .addOption(new Option("--branch <run>", "turn whose branch to show up to its newest turn").conflicts("head"))
    .option("--agent <name>", "agent of the next turns, with its newest revision")
    .option("--latest", "use the agent's newest revision at each turn")
    .addOption(revisionOption("--revision <n>", "revision of the agent for the next turns").conflicts("latest"))
    .option(EXPIRES, "time from now until it is deleted with its turns, such as 30d")
    .addOption(new Option("--never-expires", "keep it until it is deleted").conflicts("expiresAfter"));
  examples(command, [
    ["caxton thread update <thread> --head <run>", "undo the turns after a run"],
    ["caxton thread update <thread> --expires-after 30d", "delete it in 30 days"],
  ]);
  act(command, invocation, {
    input: Named.extend({
      title: z.string().optional(),
      tag: z.array(z.string()).optional(),
      clearTags: z.boolean().default(false),
      head: z.string().optional(),
      branch: z.string().optional(),
      agent: z.string().optional(),
      latest: z.boolean().default(false),
      revision: z.number().optional(),
      expiresAfter: z.string().optional(),
      neverExpires: z.boolean().default(false),
    }),
    formats: ONE_FORMATS,
    run: async (context, { thread: id, title, tag, clearTags, head, branch, agent, ...given }) => {
      const { latest, revision, expiresAfter, neverExpires } = given;
      const answer = await context.client.call(operations.thread.update, {
        id,
        ...(title !== undefined && { title }),
        ...(tag !== undefined && { tags: tag }),
        ...(clearTags && { tags: [] }),
        ...(head !== undefined && { head }),
        ...(branch !== undefined && { branch }),
        ...(agent !== undefined && { agent }),
        ...(latest && { revision: "latest" as const }),
        ...(revision !== undefined && { revision }),
        ...(expiresAfter !== undefined && {
          expires_after: await spanSeconds(expiresAfter, EXPIRES, commandPath(command)),
        }),
        ...(neverExpires && { expires_after: null }),
      });
      await shown(context, answer);
    },
  });
}

function undo(command: Command, invocation: Invocation): void {
  command
    .summary("undo the last turn")
    .description(
      "Continue from the turn before the last one. The undone turn stays as a branch, and what its tools have changed stays changed; their calls are listed.",
    )
    .argument(...ARGUMENT);
  examples(command, [["caxton thread undo <thread>", ""]]);
  act(command, invocation, {
    input: Named,
    formats: ONE_FORMATS,
    run: async (context, { thread: id }) => {
      const { client } = context;
      const { value: before } = await client.call(operations.thread.get, { id });
      const { value: page } = await client.call(operations.thread.turns, { id, limit: 1 });
      const [last] = page.items;
      if (last === undefined) throw new UsageError("the thread has no turn to undo", commandPath(command));
      const answer = await client.call(operations.thread.update, { id, head: last.parent });
      await noteEffects(context, before, answer.value.head);
      await shown(context, answer);
    },
  });
}

function fork(command: Command, invocation: Invocation): void {
  command
    .summary("fork a thread")
    .description("Create a thread that shares the turns of another up to one of them, and print its id.")
    .argument(...ARGUMENT)
    .option("--at <run>", "last turn that it shares. Default: the last one")
    .option("--title <text>", "title");
  examples(command, [["caxton thread fork <thread> --at <run>", ""]]);
  act(command, invocation, {
    input: Named.extend({ at: z.string().optional(), title: z.string().optional() }),
    formats: ONE_FORMATS,
    run: async (context, { thread: id, at, title }) => {
      const body = { ...(at !== undefined && { at }), ...(title !== undefined && { title }) };
      await shown(context, await context.client.call(operations.thread.fork, { id, ...body }));
    },
  });
}

function exportTo(command: Command, invocation: Invocation): void {
  command
    .summary("export a thread to a file")
    .description(
      "Export the branch of a thread. Markdown if the file ends in .md, else JSON lines. Default: standard output.",
    )
    .argument(...ARGUMENT)
    .argument("[file]", "target file")
    .addOption(new Option("--format <format>", "format of the file").choices(["jsonl", "markdown"]))
    .option("--head <run>", "last turn of another branch");
  examples(command, [["caxton thread export <thread> dialogue.md", ""]]);
  act(command, invocation, {
    input: Named.extend({ file: z.string().optional(), format: z.string().optional(), head: z.string().optional() }),
    formats: ["text"],
    run: async (
      context,
      { thread: id, file, format = file?.endsWith(".md") === true ? "markdown" : "jsonl", head },
    ) => {
      const wanted = { operation: operations.thread.export, params: { id }, query: { format, head }, file };
      const { bytes } = await download(context, wanted);
      if (file !== undefined) context.terminal.note(`exported to ${oneLine(file)}: ${showBytes(bytes)}`);
    },
  });
}

function cancel(command: Command, invocation: Invocation): void {
  command
    .summary("cancel the turn in progress")
    .description("Cancel the turn in progress and the messages that wait for it.")
    .argument(...ARGUMENT);
  examples(command, [["caxton thread cancel <thread>", ""]]);
  act(command, invocation, {
    input: Named,
    formats: ONE_FORMATS,
    run: async (context, { thread: id }) => shown(context, await context.client.call(operations.thread.cancel, { id })),
  });
}

function remove(command: Command, invocation: Invocation): void {
  command
    .summary("delete a thread")
    .description("Delete a thread with its turns, except those that forks of it share.")
    .argument(...ARGUMENT);
  examples(command, [["caxton thread delete <thread>", ""]]);
  act(command, invocation, {
    input: Named,
    formats: ONE_FORMATS,
    run: async (context, { thread: id }) => {
      const { raw } = await context.client.call(operations.thread.delete, { id });
      await showOne(context, { raw, name: id, human: () => `${safeText(id)} is deleted\n` });
    },
  });
}
