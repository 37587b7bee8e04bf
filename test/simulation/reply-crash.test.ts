import { expect, test } from "vitest";
import { scripted } from "../../src/models/vendors/index.ts";
import { isTerminal } from "../../src/runs/index.ts";
import type { JournalAppend } from "../../src/runs/record/index.ts";
import { failedCall, type ToolCall, type ToolResult } from "../../src/tools/catalogue/index.ts";
import { done, type Engine, engine } from "../helpers/engine.ts";
import { tempDirectory } from "../helpers/temp.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("conversation.crash");

const call = (name: string) => ({ name: `fake__${name}`, arguments: { text: name } });

/** Who is asked: keeps what reached it, each once as a router would, and answers on request. */
class Partner {
  readonly sent: string[] = [];

  readonly ask = async ({ id, tool, context }: ToolCall): Promise<ToolResult> => {
    const wait = { conversationId: "talk", replyWith: id, deadlineMs: Number.MAX_SAFE_INTEGER, to: "partner" };
    const send = async () => void this.sent.push(`${tool} ${id}`);
    return (await context.awaitReply?.(wait, send)) ?? failedCall("tool-error", "nothing can wait here");
  };

  async answerAll({ replies }: Engine): Promise<void> {
    for (const message of new Set(this.sent)) {
      const [tool = "", id = ""] = message.split(" ");
      const reply = { outcome: "answered", messageId: null, from: "partner", text: `answer to ${tool}` } as const;
      await replies.give(id, { ...reply, structured: null }).catch(() => undefined);
    }
  }
}

const lifetime = (directory: string, partner: Partner): Engine =>
  engine({
    directory,
    model: scripted([{ toolCalls: [call("one"), call("look"), call("two")] }, { text: "finished" }]),
    tools: [
      { name: "look", run: () => done("seen") },
      { name: "one", run: partner.ask },
      { name: "two", run: partner.ask },
    ],
  });

/** The n-th write and all after it are not made, or it is made without a confirmation, as if the process had died there. */
function dieAt({ journal }: Engine, writes: number, isWritten: boolean): { readonly died: Promise<void> } {
  const died = Promise.withResolvers<void>();
  const append = journal.append.bind(journal);
  let made = 0;
  journal.append = (entries: readonly JournalAppend[]) => {
    made += 1;
    if (made < writes) return append(entries);
    void (made === writes && isWritten ? append(entries) : Promise.resolve()).then(() => died.resolve());
    return new Promise<never>(() => undefined);
  };
  return { died: died.promise };
}

const newest = ({ journal }: Engine) =>
  journal.list({ workspace: "default", agent: undefined, state: undefined, before: undefined, limit: 1 })[0];

/** Answers whatever was asked until the run has ended. */
async function talk(made: Engine, partner: Partner): Promise<void> {
  for (let run = newest(made); run !== undefined && !isTerminal(run.state); run = newest(made)) {
    await partner.answerAll(made);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

test.each([false, true])(
  "killed at any write, a run that waits for replies ends with both, and asks nothing twice in other words (written: %s)",
  async (isWritten) => {
    for (let writes = 1; writes < 60; writes += 1) {
      using directory = tempDirectory();
      const partner = new Partner();
      const first = lifetime(directory.path, partner);
      const { died } = dieAt(first, writes, isWritten);
      const life = first.begin("go").then(async () => talk(first, partner));
      const hasEnded = await Promise.race([life.then(() => true), died.then(() => false)]);
      first.database[Symbol.dispose]();
      await using second = lifetime(directory.path, partner);
      second.runs.resumeUnfinished();
      await talk(second, partner);
      const run = newest(second);
      if (run === undefined) continue;
      const view = second.runs.view(run.id);
      expect([writes, view.state]).toEqual([writes, "completed"]);
      const texts = view.steps.flatMap((step) => (step.kind === "tool" && "text" in step.end ? [step.end.text] : []));
      expect([writes, ...texts]).toEqual([writes, "answer to one", "seen", "answer to two"]);
      // A message that is sent again is the same message.
      expect([writes, new Set(partner.sent).size]).toEqual([writes, 2]);
      expect(view.replies.map(({ state }) => state)).toEqual(["answered", "answered"]);
      if (hasEnded) return;
    }
    throw new Error("the run never ended within its first life");
  },
);
