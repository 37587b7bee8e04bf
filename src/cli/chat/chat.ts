import { operations, type Thread } from "../../api/contract/index.ts";
import { fileToSend } from "../client/index.ts";
import { act, type CommandMaker, type Context, examples, listOption } from "../frame/index.ts";
import { ChatInput, type ChatTarget, targetOf } from "./chat-target.ts";
import { LineEditor } from "./line-editor.ts";
import { chatByScript } from "./scripted-chat.ts";
import { ChatSession } from "./session.ts";
import { userText } from "./show-turns.ts";
import { completeLine, runSlashCommand, showThread } from "./slash-commands.ts";

const HISTORY_MAX = 100;

/** `caxton chat` */
export const chat: CommandMaker = (command, invocation) => {
  command
    .description(
      "Chat with an agent in a lasting thread. Answers and tool calls appear as they come; /help lists what can be typed. Ctrl-C cancels the turn in progress, Ctrl-D leaves and prints how to continue. Without a terminal, each line of standard input is a message, and only the answers are printed.",
    )
    .argument("[agent]", "name of a deployed agent; default with --thread or --continue: that of the thread")
    .option("--thread <id>", "continue this thread")
    .option("--continue", "continue your last thread with the agent")
    .option("--message <text>", "send one message, print the answer and exit")
    .addOption(listOption("-f, --file <path>", "file to attach to the first message; may be repeated"))
    .option("-m, --model <provider/model>", "override the model");
  examples(command, [
    ["caxton chat data-analyzer", ""],
    ["caxton chat data-analyzer --continue", "where you left off"],
    ['caxton chat greeter --message "Hello"', "one answer, for scripts"],
    ["caxton chat data-analyzer --file sales.csv < questions.txt", "one message a line"],
  ]);
  act(command, invocation, {
    input: ChatInput,
    formats: ["text", "json", "jsonl"],
    run: async (context, input) => {
      const { terminal, format } = context;
      const target = await targetOf(context, input);
      const isInteractive =
        input.message === undefined && format === "text" && terminal.canAsk && terminal.outputIsScreen;
      if (!isInteractive) return chatByScript(context, target, input);
      return chatAtTerminal(context, target, input);
    },
  });
};

/** Throws ServerProblem for an unknown agent. */
async function chatAtTerminal(context: Context, target: ChatTarget, input: ChatInput): Promise<number> {
  const { terminal } = context;
  if (target.thread === undefined) await context.client.call(operations.agent.get, { name: target.agent });
  const history = await messagesOf(context, target.thread);
  const editor = new LineEditor(terminal, {
    prompt: terminal.style("cyan", "> "),
    history,
    complete: completeLine,
  });
  const session = new ChatSession(context, editor, target);
  session.model = input.model;
  session.say(`chat with ${session.agent}; /help lists the commands, Ctrl-D leaves`);
  for (const path of input.file) await session.attach(await fileToSend(path));
  if (target.thread !== undefined) await showThread(session, target.thread);
  let work = Promise.resolve();
  let isWarned = false;
  editor.on("message", (text) => {
    isWarned = false;
    const busy = editor.busy();
    work = work.then(() => handle(session, text)).finally(() => busy[Symbol.dispose]());
  });
  editor.on("interrupt", () => {
    if (session.interrupt()) return;
    if (isWarned || session.active !== undefined) return session.leave();
    isWarned = true;
    using busy = editor.busy();
    void busy;
    session.say("press Ctrl-C again or Ctrl-D to leave");
  });
  editor.on("discard", () => (session.editing = undefined));
  editor.on("end", () => session.leave());
  editor.start();
  void session.watch();
  await left(session.signal);
  editor.stop();
  if (session.active !== undefined) session.say("the turn in progress continues on the server");
  if (session.thread !== undefined)
    terminal.note(`continue with: ${terminal.asCalled(`caxton chat --thread ${session.thread.id}`)}`);
  return 0;
}

const left = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });

/** Handles what was typed. Errors are printed, and the chat continues. */
async function handle(session: ChatSession, text: string): Promise<void> {
  try {
    if (text.startsWith("/") && !text.startsWith("//")) await runSlashCommand(session, text);
    else await session.send({ input: text.replace(/^\/\//, "/") });
  } catch (error) {
    session.report(error);
  }
}

/** The user's messages of a thread, newest first, for the up arrow. */
async function messagesOf({ client }: Context, thread: Thread | undefined): Promise<readonly string[]> {
  if (thread === undefined) return [];
  const { value } = await client.call(operations.thread.turns, { id: thread.id, limit: HISTORY_MAX });
  return value.items.map(userText).filter((text) => text !== "" && !text.includes("\n"));
}
