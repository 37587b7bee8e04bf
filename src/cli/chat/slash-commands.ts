import { homedir } from "node:os";
import { operations, type Thread, type Turn } from "../../api/contract/index.ts";
import { fileToSend } from "../client/index.ts";
import { download, pathsFrom, UsageError } from "../frame/index.ts";
import { oneLine, showAge, showBytes, truncate } from "../terminal/index.ts";
import { ownThreads } from "./chat-target.ts";
import type { ChatSession } from "./session.ts";
import { effectsText } from "../run/index.ts";
import { turnLines, userLine, userText } from "./show-turns.ts";

type SlashCommand = {
  readonly name: string;
  /** As it is typed after the name; empty for a command without argument. */
  readonly argument: string;
  readonly summary: string;
  readonly run: (session: ChatSession, argument: string) => Promise<unknown>;
};

const LISTED_MAX = 10;
const TURNS_SHOWN = 3;
const TURNS_READ = 50;
const LINE_CHARS_MAX = 100;

/** Every command that begins with a slash, in the order of /help. */
const COMMANDS: readonly SlashCommand[] = [
  { name: "help", argument: "", summary: "list the commands", run: help },
  { name: "new", argument: "", summary: "begin another thread with this agent", run: begin },
  { name: "threads", argument: "", summary: "list your last threads with this agent", run: listThreads },
  { name: "open", argument: "<number or id>", summary: "continue a thread", run: open },
  { name: "attach", argument: "<file>", summary: "send a file with the next message", run: attach },
  { name: "detach", argument: "", summary: "do not send the attached files", run: detach },
  { name: "files", argument: "", summary: "list the files of the thread", run: files },
  { name: "steer", argument: "<message>", summary: "join the turn in progress", run: sendAs("steer") },
  { name: "queue", argument: "<message>", summary: "wait for the end of the turn", run: sendAs("queue") },
  { name: "interrupt", argument: "<message>", summary: "cancel the turn and send", run: sendAs("interrupt") },
  { name: "answer", argument: "", summary: "ask again what waits for you", run: (session) => session.answer() },
  { name: "cancel", argument: "", summary: "cancel the turn and the messages that wait", run: cancel },
  { name: "edit", argument: "", summary: "replace your last message, in a new branch", run: edit },
  { name: "retry", argument: "", summary: "answer the last message again, in a new branch", run: retry },
  { name: "undo", argument: "", summary: "go back to before the last message", run: undo },
  { name: "branches", argument: "", summary: "list the branches of the thread", run: listBranches },
  { name: "branch", argument: "<number>", summary: "show and continue another branch", run: chooseBranch },
  { name: "export", argument: "<file>", summary: "save the thread: Markdown for .md, else JSON lines", run: exportTo },
  { name: "title", argument: "<text>", summary: "rename the thread", run: rename },
  {
    name: "model",
    argument: "[provider/model]",
    summary: "model of the next messages; default: the agent's",
    run: model,
  },
  { name: "quit", argument: "", summary: "leave; the thread stays", run: async (session) => session.leave() },
];

/** Runs a line that begins with a slash. Throws UsageError, what the client throws. */
export async function runSlashCommand(session: ChatSession, line: string): Promise<void> {
  const [, name = "", argument = ""] = /^\/(\S*)\s*([\s\S]*)$/.exec(line) ?? [];
  const command = COMMANDS.find((each) => each.name === name);
  if (command === undefined)
    throw usage(`there is no command /${name}; /help lists them. A message that begins with a slash is typed //…`);
  if (command.argument.startsWith("<") && argument === "") throw usage(`expected /${command.name} ${command.argument}`);
  await command.run(session, argument.trim());
}

const usage = (message: string): UsageError => new UsageError(message, "caxton chat");

/** What the end of a line may become: a command, or a path after /attach. */
export function completeLine(line: string): [string[], string] {
  const [, path] = /^\/attach\s+(.*)$/.exec(line) ?? [];
  if (path !== undefined) return [pathsFrom(path).filter((each) => each.startsWith(path)), path];
  if (!line.startsWith("/")) return [[], line];
  return [COMMANDS.map(({ name }) => `/${name}`).filter((name) => name.startsWith(line)), line];
}

async function help({ context: { terminal } }: ChatSession): Promise<void> {
  const lines = COMMANDS.map(({ name, argument, summary }) => `  ${`/${name} ${argument}`.padEnd(26)} ${summary}`);
  terminal.write(`${lines.join("\n")}\n`);
  terminal.write(
    "  A line that ends with \\ continues on the next one, and a paste stays one message.\n  Ctrl-C cancels the turn in progress, Ctrl-D leaves.\n",
  );
}

async function begin(session: ChatSession): Promise<void> {
  session.open(undefined, []);
  session.say(`a new thread with ${session.agent}`);
}

async function listThreads(session: ChatSession): Promise<void> {
  const { terminal } = session.context;
  const threads = await ownThreads(session.context, session.agent, LISTED_MAX);
  if (threads.length === 0) return session.say("no threads yet");
  for (const [index, { id, title, updated_at: at }] of threads.entries()) {
    const mark = id === session.thread?.id ? "*" : " ";
    const shown = truncate(oneLine(title) || "(no message yet)", LINE_CHARS_MAX);
    terminal.write(
      `${mark}${String(index + 1).padStart(2)}  ${shown}  ${terminal.style("dim", `${showAge(Date.parse(at), Date.now())}  ${id}`)}\n`,
    );
  }
  session.say("continue one with /open <number>");
}

async function open(session: ChatSession, which: string): Promise<void> {
  const { client } = session.context;
  const number = /^\d{1,3}$/.test(which) ? Number(which) : undefined;
  const listed =
    number === undefined ? undefined : (await ownThreads(session.context, session.agent, LISTED_MAX))[number - 1];
  if (number !== undefined && listed === undefined) throw usage(`there is no thread ${number}; /threads lists them`);
  const thread = listed ?? (await client.call(operations.thread.get, { id: which })).value;
  await showThread(session, thread);
}

/** Continues a thread and prints its latest turns. A turn in progress is printed as it comes. */
export async function showThread(session: ChatSession, thread: Thread): Promise<readonly Turn[]> {
  const { terminal } = session.context;
  session.open(thread, []);
  const turns = (await session.turns(TURNS_READ)).toReversed();
  const ended = turns.filter(({ ended_at: at }) => at !== null);
  session.open(thread, ended);
  terminal.note(terminal.noteStyle("dim", `thread ${thread.id}  ${oneLine(thread.title)}`));
  const hidden = ended.length - TURNS_SHOWN;
  if (hidden > 0) session.say(`… ${hidden}${turns.length === TURNS_READ ? " or more" : ""} earlier turns`);
  for (const turn of ended.slice(-TURNS_SHOWN)) terminal.write(`${turnLines(turn, terminal).join("\n")}\n`);
  session.wake();
  return ended;
}

async function attach(session: ChatSession, path: string): Promise<void> {
  await session.attach(await fileToSend(path.replace(/^~(?=\/)/, homedir())));
}

async function exportTo(session: ChatSession, file: string): Promise<void> {
  if (session.thread === undefined) throw usage("the thread has no message yet");
  const format = file.endsWith(".md") ? "markdown" : "jsonl";
  const params = { id: session.thread.id };
  await download(session.context, { operation: operations.thread.export, params, query: { format }, file });
  session.say(`saved to ${oneLine(file)}`);
}

async function detach(session: ChatSession): Promise<void> {
  session.attached = [];
  session.say("no file is attached");
}

async function files(session: ChatSession): Promise<void> {
  const { terminal } = session.context;
  const turns = (await session.turns(TURNS_READ)).toReversed();
  const lines = turns.flatMap(({ messages }) =>
    messages.flatMap((message) => {
      if (message.role === "user")
        return message.files.map(({ name, bytes }) => `  ${oneLine(name)}  ${showBytes(bytes)}`);
      if (message.role !== "assistant" && message.role !== "tool") return [];
      return message.artifacts.map(
        ({ name, bytes, url }) => `  ${oneLine(name)}  ${showBytes(bytes)}  ${session.context.client.url(url).href}`,
      );
    }),
  );
  const waiting = session.attached.map(
    ({ file }) => `  ${oneLine(file.name)}  ${showBytes(file.bytes)}  with your next message`,
  );
  if (lines.length + waiting.length === 0) return session.say("no files; attach one with /attach <file>");
  terminal.write(`${[...lines, ...waiting].join("\n")}\n`);
}

function sendAs(whenBusy: "steer" | "queue" | "interrupt") {
  return (session: ChatSession, input: string) => session.send({ input, whenBusy });
}

async function cancel(session: ChatSession): Promise<void> {
  if (session.thread === undefined) return session.say("nothing is in progress");
  await session.context.client.call(operations.thread.cancel, { id: session.thread.id });
}

/** The turns of the last request, newest first: those that were handed off and the one that answered. Throws UsageError for an empty thread. */
async function lastTurns(session: ChatSession): Promise<readonly [Turn, ...(readonly Turn[])]> {
  const [last, ...before] = await session.turns(TURNS_READ);
  if (last === undefined) throw usage("the thread has no message yet");
  const first = [last, ...before].findIndex(({ handoffs }) => handoffs.from === null);
  return [last, ...before.slice(0, Math.max(0, first))];
}

/** Prints which changes by tools are not undone. */
function warnOfEffects(session: ChatSession, turns: readonly Turn[]): void {
  const text = effectsText(turns);
  if (text !== "") session.say(text);
}

async function edit(session: ChatSession): Promise<void> {
  const turns = await lastTurns(session);
  warnOfEffects(session, turns);
  session.editing = turns[0].run;
  session.say("edit your message and press Enter; Ctrl-C keeps the turn");
  session.editor.prefill(userText(turns.at(-1) ?? turns[0]));
}

async function retry(session: ChatSession): Promise<void> {
  const turns = await lastTurns(session);
  warnOfEffects(session, turns);
  await session.send({ insteadOf: turns[0].run });
}

async function undo(session: ChatSession): Promise<void> {
  const turns = await lastTurns(session);
  await session.changing(() => session.moveTo(turns[0].parent));
  session.say(`undone: ${userLine(turns.at(-1) ?? turns[0])}`);
  warnOfEffects(session, turns);
}

/** The other turns at each place of the branch, oldest place first. */
async function branchesOf(session: ChatSession): Promise<readonly Turn[]> {
  const turns = (await session.turns(TURNS_READ)).toReversed();
  const others = turns.flatMap(({ run, siblings }) => siblings.filter((each) => each !== run));
  return await Promise.all(others.map(async (run) => (await session.turns(1, run))[0])).then((found) =>
    found.filter((turn) => turn !== undefined),
  );
}

async function listBranches(session: ChatSession): Promise<void> {
  const branches = await branchesOf(session);
  if (branches.length === 0) return session.say("one branch; /edit and /retry begin others");
  for (const [index, turn] of branches.entries())
    session.context.terminal.write(`${String(index + 1).padStart(3)}  ${truncate(userLine(turn), LINE_CHARS_MAX)}\n`);
  session.say("show one with /branch <number>");
}

async function chooseBranch(session: ChatSession, which: string): Promise<void> {
  const turn = (await branchesOf(session))[Number(which) - 1];
  if (turn === undefined) throw usage(`there is no branch ${which}; /branches lists them`);
  await session.changing(async () => {
    const thread = await session.update({ branch: turn.run });
    if (thread !== undefined) await showThread(session, thread);
  });
}

async function rename(session: ChatSession, title: string): Promise<void> {
  const thread = await session.update({ title });
  session.say(
    thread === undefined ? "send a message first: an empty thread is not stored" : `renamed to ${oneLine(title)}`,
  );
}

async function model(session: ChatSession, name: string): Promise<void> {
  session.model = name === "" ? undefined : name;
  session.say(name === "" ? "the agent's model answers" : `${oneLine(name)} answers your next messages`);
}
