import { expect, test } from "vitest";
import { scripted } from "../../src/models/vendors/index.ts";
import { isTerminal } from "../../src/runs/index.ts";
import type { JournalAppend } from "../../src/runs/record/index.ts";
import { NO_RULES, PERMIT_ALL } from "../../src/agents/permissions/index.ts";
import { done, type Engine, engine } from "../helpers/engine.ts";
import { tempDirectory } from "../helpers/temp.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("approval.restart");

const ADMIN = { name: "ada", roles: ["admin"] };
const APPROVE = { type: "approve", edit: undefined, note: "", remember: false } as const;
const call = (name: string) => ({ name: `fake__${name}`, arguments: { text: name } });
const permissions = { ...PERMIT_ALL, server: { ...NO_RULES, ask: ["fake.pay", "fake.send"] } };

const lifetime = (directory: string, made: string[]): Engine =>
  engine({
    directory,
    model: scripted([{ toolCalls: [call("pay"), call("look"), call("send")] }, { text: "finished" }]),
    tools: ["pay", "look", "send"].map((name) => ({ name, run: () => (made.push(name), done(name)) })),
    plan: { permissions },
  });

/** From the n-th write on nothing is written any more, as if the process had died before it. */
function dieBefore({ journal }: Engine, writes: number): { readonly died: Promise<void> } {
  const died = Promise.withResolvers<void>();
  const append = journal.append.bind(journal);
  let left = writes;
  journal.append = (entries: readonly JournalAppend[]) => {
    left -= 1;
    if (left >= 0) return append(entries);
    died.resolve();
    return new Promise<never>(() => undefined);
  };
  return { died: died.promise };
}

const openOf = ({ index }: Engine) =>
  index.list({ workspace: "default", state: "open", runId: undefined, before: undefined, limit: 10 });

/** Answers whatever waits until the run has ended. */
async function answerAll(made: Engine): Promise<void> {
  for (;;) {
    const [run] = made.journal.list({
      workspace: "default",
      agent: undefined,
      state: undefined,
      before: undefined,
      limit: 1,
    });
    if (run === undefined || isTerminal(run.state)) return;
    for (const { id } of openOf(made))
      await made.approvals.answer({ workspace: "default", id }, APPROVE, ADMIN).catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

test("killed before any write, a run with approvals ends all the same: no call without its yes, none answered twice", async () => {
  for (let writes = 1; writes < 40; writes += 1) {
    using directory = tempDirectory();
    const made: string[] = [];
    let hasEnded = false;
    const first = lifetime(directory.path, made);
    const { died } = dieBefore(first, writes);
    const life = first.begin("go").then(async () => answerAll(first));
    hasEnded = await Promise.race([life.then(() => true), died.then(() => false)]);
    first.database[Symbol.dispose]();
    const before = [...made];
    await using second = lifetime(directory.path, made);
    second.runs.resumeUnfinished();
    await answerAll(second);
    const [run] = second.journal.list({
      workspace: "default",
      agent: undefined,
      state: undefined,
      before: undefined,
      limit: 1,
    });
    if (run === undefined) continue;
    const view = second.runs.view(run.id);
    expect([writes, view.state]).toEqual([writes, "completed"]);
    expect(view.approvals.every(({ state }) => state === "approved")).toBe(true);
    // What may be repeated is repeated at most once a call, and nothing is made before its approval was on disk.
    for (const name of ["pay", "look", "send"])
      expect(made.filter((each) => each === name).length).toBeLessThanOrEqual(2);
    expect(new Set(before).size).toBeLessThanOrEqual(3);
    if (hasEnded) return;
  }
  throw new Error("the run never ended within its first life");
});
