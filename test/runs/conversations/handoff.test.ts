import { expect, test } from "vitest";
import { mint, RunId, ThreadId } from "../../../src/kernel/ids.ts";
import { LIMITS } from "../../../src/kernel/quantities.ts";
import type { RunCaller } from "../../../src/kernel/rights/run-caller.ts";
import { isTerminal, type RunView } from "../../../src/runs/index.ts";
import { tempDirectory } from "../../helpers/temp.ts";
import { verifies } from "../../helpers/verifies.ts";
import { type Actor, dieAt, openRoom, PostOffice, type Room, until } from "./room.ts";

verifies("conversation.handoff");

const handOff = (to: string, reason = "it is about money") => ({ name: `handoff_${to}`, arguments: { reason } });
const handoffs = (...names: readonly string[]) => `handoffs = ${JSON.stringify(names)}\n`;
const reception = (says: Actor["says"], more = handoffs("billing")): Actor => ({ name: "reception", says, more });
const billing: Actor = { name: "billing", says: [{ text: "it is paid" }] };
const PAIR = [reception([{ text: "I pass you on.", toolCalls: [handOff("billing")] }]), billing];

/** Its model answers some messages to others. */
const greeting: Actor = { name: "greeting", says: [{ text: "hello" }] };

async function withRoom(actors: readonly Actor[], work: (room: Room) => Promise<void>) {
  using directory = tempDirectory();
  await using room = await openRoom({ directory: directory.path, actors });
  await work(room);
}

type Start = Partial<Parameters<Room["runs"]["start"]>[0]>;

async function start(room: Room, more: Start = {}): Promise<{ id: RunId; state: Promise<string> }> {
  const id = mint(RunId);
  const request = { id, workspace: "default", agent: "reception", input: "please pay", model: undefined, files: [] };
  const { ended } = await room.runs.start({ ...request, ...more });
  return { id, state: ended.then(({ state }) => state) };
}

/** The runs of a request, once the last of them has ended. */
async function chainOf(room: Room, id: RunId): Promise<readonly RunView[]> {
  await until(() => isTerminal(room.runs.view(room.runs.lastOf(id)).state));
  const views = [room.runs.view(id)];
  for (let to = views[0]?.handedTo; to; to = views.at(-1)?.handedTo) views.push(room.runs.view(to.run));
  return views;
}

const results = ({ steps }: RunView): readonly string[] =>
  steps.flatMap((step) =>
    step.kind === "tool" && "outcome" in step.end ? [`${step.end.outcome}: ${step.end.text}`] : [],
  );

async function threadOf(room: Room, agent = "reception", revision: number | null = 1): Promise<ThreadId> {
  const thread = { workspace: "default", agent, revision, owner: "ada", title: "", tags: [], expiresAfterMs: null };
  return (await room.threads.create(thread)).id;
}

const send = (room: Room, thread: ThreadId, input = "please pay", more: object = {}) =>
  room.threads.send(thread, {
    id: mint(RunId),
    input,
    author: "ada",
    isRepeated: false,
    whenBusy: "queue",
    model: undefined,
    files: [],
    ...more,
  });

test("a run hands off, and the waiting caller gets the end of the run that continues", async () => {
  await withRoom(PAIR, async (room) => {
    const { id, state } = await start(room, { tags: ["a"] });
    expect(await state).toBe("completed");
    const [first, last] = await chainOf(room, id);
    expect(first).toMatchObject({
      state: "completed",
      output: "I pass you on.",
      handedTo: { run: last?.id, agent: "billing", reason: "it is about money" },
    });
    expect(first && results(first)).toEqual(["done: Handed off: billing continues."]);
    expect(last).toMatchObject({
      agent: "billing",
      input: "please pay",
      output: "it is paid",
      handedFrom: {
        run: id,
        agent: "reception",
        reason: "it is about money",
        number: 1,
        first: { run: id, agent: "reception" },
      },
    });
    expect(last?.system).toContain("You are billing.");
    expect(last?.system).toContain("The agent reception worked on the user's request and has handed it off to you");
    expect(room.journal.summary(id)).toMatchObject({ handedTo: last?.id, handedFrom: null });
    expect(last && room.journal.summary(last.id)).toMatchObject({ handedTo: null, handedFrom: id, tags: ["a"] });
  });
});

test("the thread's agent changes, its next turn is of the new agent, and undoing goes back to before the request", async () => {
  await withRoom([...PAIR, greeting], async (room) => {
    const thread = await threadOf(room);
    const greeted = await send(room, thread, "hello", { model: "scripted/greeting" });
    await greeted.ended;
    const paid = await send(room, thread);
    expect((await paid.ended).state).toBe("completed");
    const [first, last] = await chainOf(room, paid.run);
    expect(room.threads.get(thread)).toMatchObject({ agent: "billing", revision: 1, head: last?.id });
    expect(room.threads.path(last?.id ?? paid.run, 9).map(({ run }) => run)).toEqual([
      last?.id,
      first?.id,
      greeted.run,
    ]);
    const next = await send(room, thread, "and again");
    await next.ended;
    expect(room.runs.view(next.run)).toMatchObject({ agent: "billing", output: "it is paid" });
    const undone = await room.threads.update(thread, { head: first?.id ?? null });
    expect(undone).toMatchObject({ agent: "reception", head: greeted.run });
    const redone = await room.threads.update(thread, { head: last?.id ?? null });
    expect(redone).toMatchObject({ agent: "billing", head: last?.id });
  });
});

test("a message that replaces one that was handed off goes to the agent that the first one went to", async () => {
  const says = [{ toolCalls: [handOff("billing")] }];
  await withRoom([reception(says), billing], async (room) => {
    const thread = await threadOf(room);
    const sent = await send(room, thread);
    await sent.ended;
    const replaced = await send(room, thread, "pay twice", { insteadOf: room.runs.lastOf(sent.run) });
    await replaced.ended;
    expect(room.runs.view(replaced.run)).toMatchObject({ agent: "reception", thread: { parent: null } });
    expect(room.threads.get(thread)).toMatchObject({ agent: "billing", head: room.runs.lastOf(replaced.run) });
  });
});

test("messages that wait for the run come after the one that continues it", async () => {
  const slow = reception([{ toolCalls: [handOff("billing")], delayMs: 50 }]);
  const late = { ...billing, says: [{ text: "it is paid", delayMs: 50 }] };
  await withRoom([slow, late, greeting], async (room) => {
    const thread = await threadOf(room);
    const one = await send(room, thread);
    const two = await send(room, thread, "thanks", { model: "scripted/greeting" });
    await two.ended;
    const last = room.runs.lastOf(one.run);
    expect(room.threads.path(two.run, 9).map(({ run }) => run)).toEqual([two.run, last, one.run]);
    expect(room.runs.view(two.run).startedAtMs).toBeGreaterThanOrEqual(room.runs.view(last).endedAtMs ?? Infinity);
    expect(room.threads.get(thread)).toMatchObject({ agent: "billing", head: two.run });
  });
});

test("the other calls of a turn are made first, and a second hand-off in it fails", async () => {
  const find = { name: "messages__find_agents", arguments: {} };
  const calls = [handOff("billing"), handOff("other"), find];
  const actors = [
    reception([{ toolCalls: calls }], handoffs("billing", "other")),
    billing,
    { ...billing, name: "other" },
  ];
  await withRoom(actors, async (room) => {
    const { id } = await start(room);
    const [first, last] = await chainOf(room, id);
    expect(first && results(first).map((text) => text.slice(0, 50))).toEqual([
      "done: Handed off: billing continues.",
      "tool-error: a turn hands off once, and this one do",
      expect.stringMatching(/^done: /),
    ]);
    expect(last?.agent).toBe("billing");
    const ends = room.journal.read(id, 0).flatMap(({ event }) => (event.type === "tool-end" ? [event.callId] : []));
    const handedOff = first?.steps.find((step) => step.kind === "tool" && step.tool === "billing");
    expect(ends.at(-1)).toBe(handedOff?.kind === "tool" ? handedOff.callId : "");
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

test("a hand-off to an agent that is not there, or that the caller may not run, fails, and the model continues", async () => {
  const says = [{ toolCalls: [handOff("billing")] }, { text: "alone" }];
  await withRoom([reception(says)], async (room) => {
    const [only] = await chainOf(room, (await start(room)).id);
    expect([only?.output, only?.handedTo]).toEqual(["alone", null]);
    expect(only && results(only)[0]).toMatch(/^tool-error: agent "billing" is not deployed .*\[AGENT_NOT_FOUND\]/);
  });
  await withRoom([reception(says), billing], async (room) => {
    const [only] = await chainOf(room, (await start(room, { caller: caller(["reception"]) })).id);
    expect(only && results(only)[0]).toMatch(/^forbidden: .*lacks the permission runs:execute/);
    expect(only?.output).toBe("alone");
    const allowed = await chainOf(room, (await start(room, { caller: caller(["reception", "bill*"]) })).id);
    expect(allowed.map(({ agent, caller: by }) => [agent, by?.name])).toEqual([
      ["reception", "ada"],
      ["billing", "ada"],
    ]);
  });
});

test("permission rules apply to hand-offs, and those of the agent before apply to the run that continues", async () => {
  const says = [{ toolCalls: [handOff("billing")] }, { text: "alone" }];
  await withRoom(
    [reception(says, `${handoffs("billing")}[permissions]\ndeny = ["handoff.*"]\n`), billing],
    async (room) => {
      const [only] = await chainOf(room, (await start(room)).id);
      expect(only && results(only)[0]).toMatch(/^forbidden: the rule handoff\.\*/);
    },
  );
  const find = { name: "messages__find_agents", arguments: {} };
  const more = `${handoffs("billing")}[permissions]\ndeny = ["messages.find_agents"]\n`;
  const finding = { ...billing, says: [{ toolCalls: [find] }, { text: "it is paid" }] };
  await withRoom([reception(says, more), finding], async (room) => {
    const [, last] = await chainOf(room, (await start(room)).id);
    expect(last && results(last)[0]).toMatch(/^forbidden: the rule messages\.find_agents/);
  });
});

test("a hand-off that has to be approved waits, and is made once it is", async () => {
  const says = [{ toolCalls: [handOff("billing")] }, { text: "alone" }];
  await withRoom(
    [reception(says, `${handoffs("billing")}[permissions]\nask = ["handoff.billing"]\n`), billing],
    async (room) => {
      const { id, state } = await start(room);
      expect(await state).toBe("awaiting-approval");
      await room.runs.update(id, ({ approvals }) => {
        const [asked] = approvals;
        if (asked === undefined) return [];
        const common = { callId: asked.callId, approvalId: asked.id, by: null, note: "", remember: false };
        return [
          { type: "approval-answer", reply: "approved", ...common, content: { arguments: null } },
          { type: "run-resume" },
        ];
      });
      expect((await chainOf(room, id)).map(({ agent }) => agent)).toEqual(["reception", "billing"]);
    },
  );
});

const pong = (name: string, other: string): Actor => ({
  name,
  says: [{ toolCalls: [handOff(other)] }, { text: `${name} answers` }],
  more: handoffs(other),
});

test("agents hand a request back and forth, up to the limit", async () => {
  await withRoom([pong("reception", "billing"), pong("billing", "reception")], async (room) => {
    const chain = await chainOf(room, (await start(room)).id);
    expect(chain.map(({ handedFrom }) => handedFrom?.number ?? 0)).toEqual(
      Array.from({ length: LIMITS.handoffsMax + 1 }, (_, at) => at),
    );
    const last = chain.at(-1);
    expect(last && results(last)[0]).toMatch(
      /^tool-error: this request was handed off 8 times already.*\[HANDOFF_LIMIT\]/,
    );
    expect([last?.state, last?.output]).toEqual(["completed", "reception answers"]);
  });
});

test("the budget of the first run counts over the chain", async () => {
  const used = { value: 0 };
  await withRoom([pong("reception", "billing"), pong("billing", "reception")], async (room) => {
    const chain = await chainOf(room, (await start(room)).id);
    const [first] = chain;
    const each = chain.map(({ id }) => room.journal.summary(id)?.spent.tokens ?? 0);
    used.value = each.reduce((sum, tokens) => sum + tokens, 0);
    expect(first && room.journal.spent(first.id)?.tokens).toBe(used.value);
  });
  const poor = pong("reception", "billing");
  const actors = [
    { ...poor, more: `${poor.more}[budget]\ntokens = ${Math.floor(used.value / 2)}\n` },
    pong("billing", "reception"),
  ];
  await withRoom(actors, async (room) => {
    const chain = await chainOf(room, (await start(room)).id);
    expect(chain.length).toBeGreaterThan(2);
    expect(chain.at(-1)?.failure).toMatchObject({ code: "BUDGET_EXCEEDED" });
  });
});

test("cancelling the run that was handed off, or its thread, cancels the one that continues", async () => {
  const idle = { ...billing, says: [{ text: "late", delayMs: 60_000 }] };
  await withRoom([PAIR[0] ?? reception([]), idle], async (room) => {
    const { id } = await start(room);
    await until(() => room.runsOf("billing")[0]?.state === "running");
    await room.runs.cancel(id, "not needed");
    expect((await chainOf(room, id)).map(({ state }) => state)).toEqual(["completed", "cancelled"]);
    const thread = await threadOf(room);
    const sent = await send(room, thread);
    await until(() => room.runsOf("billing")[1]?.state === "running");
    await room.threads.cancel(thread, "not needed");
    expect((await sent.ended).state).toBe("cancelled");
  });
});

test("a message is answered in the name of the agent that it was sent to, and a cancellation reaches the last run", async () => {
  const idle = { ...billing, says: [{ text: "it is paid" }] };
  await withRoom([PAIR[0] ?? reception([]), idle], async (room) => {
    await room.write({ performative: "request" }, "reception", "please pay");
    await until(() => room.office.said("reception", "user").length > 0);
    expect(room.office.said("reception", "user")).toEqual(["inform: it is paid"]);
    expect(room.office.said("billing", "user")).toEqual([]);
  });
  const late = { ...billing, says: [{ text: "late", delayMs: 60_000 }] };
  await withRoom([PAIR[0] ?? reception([]), late], async (room) => {
    const asked = await room.write({ performative: "request" }, "reception", "please pay");
    await until(() => room.runsOf("billing")[0]?.state === "running");
    await room.write({ performative: "cancel", conversationId: asked.conversationId }, "reception");
    await until(() => room.runsOf("billing")[0]?.state === "cancelled");
    expect(room.office.said("reception", "user")).toEqual(["inform: cancelled"]);
  });
});

test("a delegation to an agent that hands off ends with the last answer", async () => {
  const boss: Actor = {
    name: "boss",
    says: [{ toolCalls: [{ name: "agent_reception", arguments: { request: "please pay" } }] }, { text: "done" }],
    more: 'agents = ["reception"]\n',
  };
  await withRoom([boss, ...PAIR], async (room) => {
    const { id } = await start(room, { agent: "boss" });
    const [view] = await chainOf(room, id);
    expect(view && results(view)).toEqual(["done: it is paid"]);
    const parents = room.runsOf("billing").map(({ parent }) => parent?.run);
    expect(parents).toEqual([id]);
    expect(room.journal.below(id).map(({ agent }) => agent)).toEqual(["reception", "billing"]);
  });
});

test.each([false, true])(
  "killed at any write of a hand-off (written: %s), exactly one run continues",
  async (isWritten) => {
    for (let writes = 1; writes < 40; writes += 1) {
      using directory = tempDirectory();
      const office = new PostOffice();
      const id = mint(RunId);
      const request = {
        id,
        workspace: "default",
        agent: "reception",
        input: "please pay",
        model: undefined,
        files: [],
      };
      const first = await openRoom({ directory: directory.path, actors: PAIR, office });
      const died = dieAt(first, writes, isWritten);
      const accepted = Promise.race([first.runs.start(request), died]);
      await accepted;
      const isOver = () => isTerminal(first.journal.summary(first.runs.lastOf(id))?.state ?? "queued");
      let isDead = false;
      const over = until(() => isDead || isOver()).then(() => !isDead);
      const hasEnded = await Promise.race([over, died.then(() => false)]);
      isDead = true;
      await over;
      first.die();
      await using second = await openRoom({ directory: directory.path, actors: PAIR, office });
      second.runs.resumeUnfinished();
      // The request was not accepted.
      if (second.journal.summary(id) === undefined) continue;
      const chain = await chainOf(second, id);
      expect([writes, chain.map(({ agent, state }) => [agent, state])]).toEqual([
        writes,
        [
          ["reception", "completed"],
          ["billing", "completed"],
        ],
      ]);
      expect([writes, second.runsOf("billing").length, second.runsOf("reception").length]).toEqual([writes, 1, 1]);
      expect(chain.at(-1)?.output).toBe("it is paid");
      if (hasEnded) return;
    }
    throw new Error("it never ended within its first life");
  },
);
