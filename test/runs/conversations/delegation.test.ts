import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { mint, RunId } from "../../../src/kernel/ids.ts";
import { LIMITS } from "../../../src/kernel/quantities.ts";
import type { RunCaller } from "../../../src/kernel/rights/run-caller.ts";
import { isTerminal, type RunView } from "../../../src/runs/index.ts";
import { tempDirectory } from "../../helpers/temp.ts";
import { verifies } from "../../helpers/verifies.ts";
import { type Actor, dieAt, openRoom, PostOffice, type Room, until } from "./room.ts";

verifies("conversation.delegation");

const delegate = (to: string, request = "look it up", files: readonly string[] = []) => ({
  name: `agent_${to}`,
  arguments: { request, files: [...files] },
});
const boss = (says: Actor["says"], agents: readonly string[] = ["helper"]): Actor => ({
  name: "boss",
  says,
  more: `agents = ${JSON.stringify(agents)}\n`,
});
const helper: Actor = { name: "helper", says: [{ text: "found it" }] };

async function withRoom(actors: readonly Actor[], work: (room: Room, directory: string) => Promise<void>) {
  using directory = tempDirectory();
  await using room = await openRoom({ directory: directory.path, actors });
  await work(room, directory.path);
}

async function start(
  room: Room,
  agent = "boss",
  more: Partial<Parameters<Room["runs"]["start"]>[0]> = {},
): Promise<RunId> {
  const id = mint(RunId);
  const input = "please";
  await room.runs.start({ id, workspace: "default", agent, input, model: undefined, files: [], ...more });
  return id;
}

const ended = async (room: Room, id: RunId): Promise<RunView> => {
  await until(() => isTerminal(room.runs.view(id).state));
  return room.runs.view(id);
};
const results = ({ steps }: RunView): readonly string[] =>
  steps.flatMap((step) =>
    step.kind === "tool" && "outcome" in step.end ? [`${step.end.outcome}: ${step.end.text}`] : [],
  );

test("an agent delegates to another by a tool of its name, whose run is below its own", async () => {
  await withRoom([boss([{ toolCalls: [delegate("helper")] }, { text: "it is there" }]), helper], async (room) => {
    const view = await ended(room, await start(room));
    expect([view.state, view.output, results(view)]).toEqual(["completed", "it is there", ["done: found it"]]);
    const [child] = room.runsOf("helper");
    expect(child).toMatchObject({ input: "look it up", parent: { run: view.id, root: view.id, depth: 1 } });
    expect(room.journal.below(view.id).map(({ id, parent }) => [id, parent])).toEqual([[child?.id, view.id]]);
  });
});

test("the other agent may read the files that the call names, and no others", async () => {
  const says = [
    { toolCalls: [delegate("helper", "read a", ["a.txt"]), delegate("helper", "read c", ["c.txt"])] },
    { text: "read" },
  ];
  await withRoom([boss(says), helper], async (room, directory) => {
    const files = ["a.txt", "b.txt"].map((name) => ({
      name,
      mediaType: "text/plain",
      bytes: 1,
      location: join(directory, name),
    }));
    for (const { location } of files) writeFileSync(location, "x");
    const view = await ended(room, await start(room, "boss", { files }));
    expect(results(view)).toEqual([
      "done: found it",
      "tool-error: helper has failed [RUN_FILE_NOT_FOUND]: the run has no file c.txt. Its files: a.txt, b.txt.",
    ]);
    expect(room.runsOf("helper").map((child) => child.files.map(({ name }) => name))).toEqual([["a.txt"]]);
  });
});

test("a failure of the run below is a failed call with the reason", async () => {
  const failing: Actor = { name: "helper", says: [{ error: { class: "auth", message: "no key" } }] };
  await withRoom([boss([{ toolCalls: [delegate("helper")] }, { text: "alone" }]), failing], async (room) => {
    const view = await ended(room, await start(room));
    expect(view.state).toBe("completed");
    expect(results(view)[0]).toMatch(/^tool-error: helper has failed \[\w+\]: .*no key/);
  });
});

test("only the agent that was asked gives the result of a delegation", async () => {
  const slow: Actor = { name: "helper", says: [{ text: "found it", delayMs: 400 }] };
  await withRoom([boss([{ toolCalls: [delegate("helper")] }, { text: "paid" }]), slow], async (room) => {
    const id = await start(room);
    await until(() => room.runs.view(id).replies.some(({ state }) => state === "open") && room.office.sent.length > 0);
    const [reply] = room.runs.view(id).replies;
    const { conversationId } = reply ?? {};
    for (const draft of [{ inReplyTo: reply?.replyWith }, { conversationId }])
      await room.write({ performative: "inform", ...draft }, "boss", "approved");
    expect(results(await ended(room, id))).toEqual(["done: found it"]);
  });
});

test("an agent that is not deployed is a failed call", async () => {
  await withRoom([boss([{ toolCalls: [delegate("helper")] }, { text: "alone" }])], async (room) => {
    const [result] = results(await ended(room, await start(room)));
    expect(result).toMatch(/^tool-error: there is no agent helper here \[AGENT_NOT_FOUND\]/);
  });
});

const levelOf = (depth: number) => `level${depth}`;

// conversations.delegations.D1
test("delegations go at most so deep", async () => {
  const deep = Array.from({ length: LIMITS.delegationDepthMax + 2 }, (_, depth): Actor => ({
    name: levelOf(depth),
    says: [{ toolCalls: [delegate(levelOf(depth + 1), `down to ${depth + 1}`)] }, { text: `back at ${depth}` }],
    more: `agents = ["${levelOf(depth + 1)}"]\n`,
  }));
  await withRoom(deep, async (room) => {
    const view = await ended(room, await start(room, levelOf(0)));
    expect(results(view)).toEqual(["done: back at 1"]);
    expect(room.journal.below(view.id)).toHaveLength(LIMITS.delegationDepthMax);
    const [last] = room.runsOf(levelOf(LIMITS.delegationDepthMax));
    expect(last && results(last)[0]).toMatch(/\[DELEGATION_LIMIT\]: run \S+ is 5 delegations below its root/);
  });
});

test("a tree has at most so many runs below its root", async () => {
  const turns = Array.from({ length: 6 }, (_, turn) => ({
    toolCalls: Array.from({ length: 9 }, (__, call) => delegate("helper", `part ${turn} ${call}`)),
  }));
  await withRoom([boss([...turns, { text: "all" }]), helper], async (room) => {
    const view = await ended(room, await start(room));
    const refused = results(view).filter((text) => text.includes("[DELEGATION_LIMIT]"));
    expect([room.journal.below(view.id).length, refused.length]).toEqual([
      LIMITS.delegationsMax,
      54 - LIMITS.delegationsMax,
    ]);
  });
});

const circular = (name: string, other: string): Actor => ({
  name,
  says: [{ toolCalls: [delegate(other, "please")] }, { text: `${name} has no more` }],
  more: `agents = ["${other}"]\n`,
});

test("a circle of agents that ask each other for the same is refused and named", async () => {
  await withRoom([circular("boss", "helper"), circular("helper", "boss")], async (room) => {
    await ended(room, await start(room));
    const [child] = room.runsOf("helper");
    expect(child && results(child)[0]).toContain(
      "[MESSAGE_CYCLE]: boss was asked for the same already: boss → helper → boss",
    );
  });
});

const caller = (agents: readonly string[]): RunCaller => ({
  id: "key_1",
  kind: "key",
  name: "ada",
  role: "narrow",
  lacks: ["runs:execute"],
  agents,
});

test("an agent delegates only to agents that the caller may run, and the caller's limits apply below", async () => {
  const calls = { toolCalls: [delegate("helper"), delegate("other")] };
  await withRoom(
    [boss([calls, { text: "done" }], ["helper", "other"]), helper, { ...helper, name: "other" }],
    async (room) => {
      const view = await ended(room, await start(room, "boss", { caller: caller(["boss", "help*"]) }));
      const [allowed, denied] = results(view);
      expect(allowed).toBe("done: found it");
      expect(denied).toMatch(/^forbidden: .*lacks the permission runs:execute/);
      expect(room.runsOf("other")).toEqual([]);
      expect(room.runsOf("helper")[0]?.caller).toMatchObject({ lacks: ["runs:execute"], agents: ["boss", "help*"] });
    },
  );
});

test("permission rules apply to delegations: one that has to be approved waits, and is made once it is", async () => {
  const asking = boss([{ toolCalls: [delegate("helper")] }, { text: "done" }]);
  const more = `${asking.more}[permissions]\ndeny = ["agent.helper"]\n`;
  await withRoom([{ ...asking, more }, helper], async (room) => {
    expect(results(await ended(room, await start(room)))[0]).toMatch(/^forbidden: the rule agent\.helper/);
    expect(room.runsOf("helper")).toEqual([]);
  });
});

const slow: Actor = {
  name: "slow",
  says: [{ toolCalls: [delegate("idle")] }, { text: "never" }],
  more: 'agents = ["idle"]\n',
};
const idle: Actor = { name: "idle", says: [{ text: "late", delayMs: 60_000 }] };

// conversations.delegations.D2
test("cancelling a run cancels every run below it", async () => {
  await withRoom([boss([{ toolCalls: [delegate("slow")] }, { text: "never" }], ["slow"]), slow, idle], async (room) => {
    const id = await start(room);
    await until(() => room.runsOf("idle")[0]?.state === "running");
    await room.runs.cancel(id, "not needed");
    await until(() => room.journal.below(id).every(({ state }) => isTerminal(state)));
    expect(room.journal.below(id).map(({ agent, state }) => [agent, state])).toEqual([
      ["slow", "cancelled"],
      ["idle", "cancelled"],
    ]);
  });
});

test("a delegation that is not answered in time is a failed call, and its run is cancelled", async () => {
  const call = { name: "agent_idle", arguments: { request: "look", minutes: 0.01 } };
  await withRoom([boss([{ toolCalls: [call] }, { text: "without it" }], ["idle"]), idle], async (room) => {
    room.replies.watchExpiry();
    const view = await ended(room, await start(room));
    expect(results(view)[0]).toMatch(/^deadline: idle has not answered/);
    await until(() => room.runsOf("idle")[0]?.state === "cancelled");
  });
});

const limited = (tokens: number): Actor => {
  const calls = ["first", "second"].map((request) => ({ toolCalls: [delegate("helper", request)] }));
  const agent = boss([...calls, { text: "all done" }]);
  return { ...agent, more: `${agent.more}[budget]\ntokens = ${tokens}\n` };
};

test("a run below gets at most half of what is left of the budget above, in which what it uses counts", async () => {
  let used = 0;
  await withRoom([limited(1_000_000), helper], async (room) => {
    const view = await ended(room, await start(room));
    expect(results(view)).toEqual(["done: found it", "done: found it"]);
    const [own, below] = [[view], room.runsOf("helper")].map((runs) =>
      runs.reduce((sum, { id }) => sum + (room.journal.summary(id)?.spent.tokens ?? 0), 0),
    );
    used = (own ?? 0) + (below ?? 0);
    expect([below !== 0, room.journal.spent(view.id)?.tokens]).toEqual([true, used]);
  });
  // Enough for all, but not for the second run, since the first one's use counts and half is kept.
  await withRoom([limited(used), helper], async (room) => {
    const [first, second] = results(await ended(room, await start(room)));
    expect(first).toBe("done: found it");
    expect(second).toMatch(
      /^tool-error: helper has failed \[BUDGET_EXCEEDED\]: budget\.tokens of the share of agent boss: 0 of/,
    );
  });
});

test("the rules of the agent above apply to the runs below", async () => {
  const find = { name: "messages__find_agents", arguments: {} };
  const send = { name: "messages__send_message", arguments: { to: "boss", content: "hello" } };
  const asking: Actor = { name: "helper", says: [{ toolCalls: [find, send] }, { text: "found it" }] };
  const above = boss([{ toolCalls: [delegate("helper")] }, { text: "done" }]);
  const more = `${above.more}[permissions]\ndeny = ["messages.find_agents"]\nread_only = true\n`;
  await withRoom([{ ...above, more }, asking], async (room) => {
    await ended(room, await start(room));
    const [child] = room.runsOf("helper");
    expect(child && results(child)).toEqual([
      expect.stringMatching(/^forbidden: the rule messages\.find_agents/),
      expect.stringMatching(/^unknown-tool: there is no tool "messages__send_message"/),
    ]);
    const direct = await ended(room, await start(room, "helper"));
    expect(results(direct).map((text) => text.split(":")[0])).toEqual(["done", "done"]);
  });
});

const inBackground = (to: string) => ({ name: `agent_${to}`, arguments: { request: "look it up", background: true } });

test("a delegation in the background lets the run continue; its result comes as a message, and the run ends after that", async () => {
  const late: Actor = { name: "helper", says: [{ text: "found it", delayMs: 2_000 }] };
  const says = [{ toolCalls: [inBackground("helper"), delegate("other")] }, { text: "so far" }, { text: "all of it" }];
  await withRoom([boss(says, ["helper", "other"]), late, { ...helper, name: "other" }], async (room) => {
    const id = await start(room);
    const turns = () => room.runs.view(id).steps.filter(({ kind }) => kind === "model").length;
    await until(() => turns() === 2 && room.runs.view(id).resting);
    expect(results(room.runs.view(id))).toEqual([
      "done: helper works on it. Its result comes as a message; continue meanwhile.",
      "done: found it",
    ]);
    const view = await ended(room, id);
    expect([view.output, view.replies.map(({ state }) => state)]).toEqual(["all of it", ["answered", "answered"]]);
    expect(view.inputs).toMatchObject([
      { author: "helper", turn: 3, text: "[The agent helper, which works in the background, has answered]\nfound it" },
    ]);
  });
});

test("a result in the background of a run that has ended is recorded in its journal", async () => {
  await withRoom([boss([{ toolCalls: [inBackground("idle")] }, { text: "so far" }], ["idle"]), idle], async (room) => {
    const id = await start(room);
    await until(() => room.runs.view(id).resting);
    const replyWith = room.runs.view(id).replies[0]?.replyWith ?? "";
    await room.runs.cancel(id, "not needed");
    const result = { outcome: "answered" as const, messageId: null, from: "idle", text: "late", structured: null };
    expect(await room.replies.give(replyWith, result)).toBe("late");
    const view = room.runs.view(id);
    expect([view.state, view.replies[0]?.state, view.replies[0]?.result?.text]).toEqual([
      "cancelled",
      "cancelled",
      "late",
    ]);
    await until(() => room.journal.below(id).every(({ state }) => state === "cancelled"));
  });
});

const PAIR = [boss([{ toolCalls: [delegate("helper")] }, { text: "it is there" }]), helper];

const BACKGROUND = [
  boss([{ toolCalls: [inBackground("helper")] }, { text: "so far" }, { text: "it is there" }]),
  helper,
];
const KILLED = [false, true].flatMap((isWritten) => [
  { how: "awaited", isWritten, pair: PAIR },
  { how: "in the background", isWritten, pair: BACKGROUND },
]);

test.each(KILLED)(
  "killed at any write, a delegation $how is made once, its run is below the other, and its result arrives once (written: $isWritten)",
  async ({ how, isWritten, pair }) => {
    for (let writes = 2; writes < 60; writes += 1) {
      using directory = tempDirectory();
      const office = new PostOffice();
      const first = await openRoom({ directory: directory.path, actors: pair, office });
      const died = dieAt(first, writes, isWritten);
      const id = await start(first);
      const hasEnded = await Promise.race([ended(first, id).then(() => true), died.then(() => false)]);
      first.die();
      await using second = await openRoom({ directory: directory.path, actors: pair, office });
      second.runs.resumeUnfinished();
      const view = await ended(second, id);
      await until(() => second.journal.below(id).every(({ state }) => isTerminal(state)));
      const came = how === "awaited" ? results(view) : view.inputs.map(({ text }) => text.replace(/^.*\n/, "done: "));
      expect([writes, came]).toEqual([writes, ["done: found it"]]);
      expect([writes, view.state, view.replies.map(({ state }) => state)]).toEqual([writes, "completed", ["answered"]]);
      expect([writes, second.runsOf("helper").map(({ state, parent }) => [state, parent?.run])]).toEqual([
        writes,
        [["completed", id]],
      ]);
      if (hasEnded) return;
    }
    throw new Error("it never ended within its first life");
  },
);
