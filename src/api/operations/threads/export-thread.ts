import { setImmediate } from "node:timers/promises";
import type { Download, RunQuestion, Thread, Turn } from "../../contract/index.ts";
import type { Branch } from "./branch.ts";

/** Turns that are in memory at once. */
const CHUNK = 20;
const LINE_CHARS_MAX = 300;

/** A branch as a file, which is read while it is sent. */
export function exportThread(thread: Thread, branch: Branch, format: "jsonl" | "markdown"): Download {
  const isText = format === "markdown";
  const name = `thread-${thread.id}.${isText ? "md" : "jsonl"}`;
  return {
    mediaType: isText ? "text/markdown; charset=utf-8" : "application/x-ndjson; charset=utf-8",
    content: isText ? markdown(thread, branch) : lines(thread, branch),
    headers: { "content-disposition": `attachment; filename="${name}"` },
  };
}

async function* chunksOf(branch: Branch): AsyncGenerator<readonly Turn[]> {
  const turns = branch.turns();
  for (let from = 0; from < turns.length; from += CHUNK) {
    yield branch.present(turns.slice(from, from + CHUNK));
    // Others want to be served between.
    await setImmediate();
  }
}

const line = (type: string, value: object): string => `${JSON.stringify({ type, ...value })}\n`;

async function* lines(thread: Thread, branch: Branch): AsyncGenerator<string> {
  let count = 0;
  yield line("thread", { thread });
  for await (const turns of chunksOf(branch)) {
    count += turns.length;
    for (const turn of turns) yield line("turn", { turn });
  }
  const messages = branch.added();
  if (messages.length > 0) yield line("added", { messages });
  yield line("end", { turns: count });
}

async function* markdown(thread: Thread, branch: Branch): AsyncGenerator<string> {
  const { title, agent, tags, created_at: at } = thread;
  const facts = [`Agent: ${agent}`, `Created: ${at}`, ...(tags.length > 0 ? [`Tags: ${tags.join(", ")}`] : [])];
  yield `# ${oneLine(title) || `Thread with ${agent}`}\n\n${facts.join("  \n")}\n`;
  for await (const turns of chunksOf(branch))
    for (const turn of turns)
      yield turn.added.map(addedSection).join("") + turn.messages.map((message) => section(message, turn)).join("");
  yield branch.added().map(addedSection).join("");
}

function section(message: Turn["messages"][number], { agent, run }: Turn): string {
  switch (message.role) {
    case "user": {
      const files = message.files.map(({ name }) => `\n\nFile: ${name}`).join("");
      return `\n## ${oneLine(message.author) || "User"}, ${message.at}\n\n${message.text}${files}\n`;
    }
    case "assistant": {
      const files = message.artifacts.map(({ name }) => `\n\nFile: ${name}`).join("");
      const cut = message.is_cut_off ? " … (cut off)" : "";
      return message.text + files === "" ? "" : `\n## ${agent}, ${message.at}\n\n${message.text}${cut}${files}\n`;
    }
    case "tool":
      if (message.question !== null) return questionSection(message, message.question, agent);
      return `\n- Tool \`${message.name}\`: ${message.state}, run ${run}\n`;
    case "notice":
      return `\n- ${message.code}: ${oneLine(message.text)}\n`;
  }
}

/** Results of calls stay away, as those of the agent's own. */
const addedSection = ({ role, text, author, at }: Turn["added"][number]): string =>
  role === "tool" || text === "" ? "" : `\n## ${oneLine(author)} (${role}), ${at}\n\n${text}\n`;

function questionSection(
  { text: answer, at }: Pick<Turn["messages"][number], "text" | "at">,
  { message, options, state, by }: RunQuestion,
  agent: string,
): string {
  const choice = options.map((option) => `\n- ${oneLine(option)}`).join("");
  const asked = `\n## ${agent}, ${at}\n\n${message}\n${choice === "" ? "" : `${choice}\n`}`;
  return state === "accepted"
    ? `${asked}\n## ${oneLine(by) || "User"}\n\n${answer}\n`
    : `${asked}\n- Question: ${state}\n`;
}

const oneLine = (text: string): string => text.replaceAll(/\s+/g, " ").trim().slice(0, LINE_CHARS_MAX);
