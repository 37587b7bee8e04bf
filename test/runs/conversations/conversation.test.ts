import type { RunId } from "../../../src/kernel/ids.ts";
import { describe, expect, test } from "vitest";
import type { Performative } from "../../../src/messaging/acl/index.ts";
import { tempDirectory } from "../../helpers/temp.ts";
import { type Actor, openRoom, type Room, type RoomOptions, until } from "./room.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("conversation.agents", "documents.registry");

async function withRoom(
  actors: readonly Actor[],
  work: (room: Room) => Promise<void>,
  more: Partial<RoomOptions> = {},
) {
  using directory = tempDirectory();
  await using room = await openRoom({ directory: directory.path, actors, ...more });
  await work(room);
}
const echo = (name: string, text = `${name} did it`): Actor => ({ name, says: [{ text }] });
const tool = (name: string, given: object) => ({
  name: `messages__${name}`,
  arguments: JSON.parse(JSON.stringify(given)),
});
const toolTexts = (room: Room, agent: string) =>
  room
    .runsOf(agent)
    .flatMap(({ steps }) =>
      steps.flatMap((step) =>
        step.kind === "tool" && "outcome" in step.end ? [`${step.end.outcome}: ${step.end.text}`] : [],
      ),
    );

test.each<[act: Performative, protocol: string | undefined, answer: readonly string[]]>([
  ["request", "fipa-request", ["inform: done"]],
  ["request", undefined, ["inform: done"]],
  ["query-ref", "fipa-query", ["inform: done"]],
  ["propose", "fipa-propose", ["reject-proposal: done"]],
  ["subscribe", "fipa-subscribe", ["agree: done"]],
  ["request-when", "fipa-request-when", ["agree: ", "inform: done"]],
])("%s (%s) starts a run, whose end is the answer", async (performative, protocol, answer) => {
  await withRoom([echo("alice", "done")], async (room) => {
    const message = await room.write({ performative, protocol, replyWith: "q1" }, "alice", "please");
    await until(() => room.office.said("alice", "user").length === answer.length);
    expect(room.office.said("alice", "user")).toEqual(answer);
    expect(room.office.sent.at(-1)).toMatchObject({
      conversationId: message.conversationId,
      inReplyTo: "q1",
      hops: 1,
      protocol,
    });
    expect(room.runsOf("alice")).toMatchObject([{ input: "please", message: { id: message.id, performative } }]);
  });
});

test("a call for proposals is answered with the model's terms as JSON, and an acceptance with the result", async () => {
  const says = [
    { when: { userIncludes: "call for proposals" }, text: '```json\n{"cost": 3}\n```' },
    { when: { userIncludes: "acceptance" }, text: "painted" },
  ];
  await withRoom([{ name: "bob", says }], async (room) => {
    const cfp = await room.write({ performative: "cfp", protocol: "fipa-contract-net" }, "bob", "paint the fence");
    await until(() => room.office.said("bob", "user").length === 1);
    const { conversationId, protocol } = cfp;
    await room.write({ performative: "accept-proposal", protocol, conversationId }, "bob", "yes");
    await until(() => room.office.said("bob", "user").length === 2);
    expect(room.office.said("bob", "user")).toEqual(['propose: {"cost":3}', "inform: painted"]);
    const [bid, work] = room.runsOf("bob");
    expect(work?.thread).toMatchObject({ id: bid?.thread?.id, parent: bid?.id });
  });
});

test.each<[act: Performative, protocol: string | undefined, expected: string]>([
  ["request", "fipa-request", "failure"],
  ["cfp", "fipa-contract-net", "refuse"],
  ["propose", "fipa-propose", "reject-proposal"],
])("a run that fails over a %s says so as the protocol allows", async (performative, protocol, expected) => {
  const says = [{ error: { class: "auth" as const, message: "no key" } }];
  await withRoom([{ name: "carl", says }], async (room) => {
    await room.write({ performative, protocol }, "carl", "please");
    await until(() => room.office.said("carl", "user").length === 1);
    const [answer] = room.office.sent.slice(1);
    expect(answer).toMatchObject({ performative: expected });
    expect(answer?.error !== undefined).toBe(expected === "failure");
  });
});

test.each<Performative>(["inform", "confirm", "disconfirm"])(
  "%s starts a run without a reply",
  async (performative) => {
    await withRoom([echo("alice")], async (room) => {
      await room.write({ performative }, "alice", "it rains");
      await until(() => room.runsOf("alice")[0]?.state === "completed");
      expect(room.office.sent).toHaveLength(1);
      expect(room.runsOf("alice")[0]?.prompt).toContain("[information");
    });
  },
);

test.each<Performative>(["agree", "refuse", "failure", "not-understood", "reject-proposal"])(
  "%s that no run waits for is only stored",
  async (performative) => {
    await withRoom([echo("alice")], async (room) => {
      await room.write({ performative }, "alice", "so be it");
      await until(() => room.office.settled.length === 1);
      expect(room.runsOf("alice")).toEqual([]);
    });
  },
);

test("with on_failure = run a failure that no run waits for starts a run", async () => {
  await withRoom([{ ...echo("alice"), more: '[messaging]\non_failure = "run"\n' }], async (room) => {
    await room.write({ performative: "failure" }, "alice", "it broke");
    await until(() => room.runsOf("alice")[0]?.state === "completed");
    expect(room.runsOf("alice")[0]?.prompt).toContain("[failure (failure) from user]");
  });
});

// conversations.handler.C1
test("delivered again, also at the same moment, a message has one run", async () => {
  await withRoom([echo("alice")], async (room) => {
    const message = await room.write({ performative: "request" }, "alice", "please");
    room.office.deliver("alice", message);
    await until(() => room.office.said("alice", "user").length === 1 && room.office.settled.length === 2);
    room.office.deliver("alice", message);
    await until(() => room.office.settled.length === 3);
    expect(room.runsOf("alice")).toHaveLength(1);
    expect(room.office.said("alice", "user")).toHaveLength(1);
  });
});

test("an agent asks another, is suspended, and its answer has the reply", async () => {
  const alice: Actor = {
    name: "alice",
    says: [{ toolCalls: [tool("ask", { to: "bob", content: "translate hello" })] }, { text: "bob says it is hallo" }],
  };
  await withRoom([alice, echo("bob", "hallo")], async (room) => {
    await room.write({ performative: "request" }, "alice", "what is hello in German?");
    await until(() => room.office.said("alice", "user").length === 1);
    expect(toolTexts(room, "alice")).toEqual(["done: hallo"]);
    expect(room.office.said("alice", "bob")).toEqual(["request: translate hello"]);
    expect(room.office.said("alice", "user")).toEqual(["inform: bob says it is hallo"]);
    expect(room.office.sent[1]).toMatchObject({
      hops: 1,
      protocol: "fipa-request",
      parentConversation: room.office.sent[0]?.conversationId,
    });
    expect(room.office.sent[2]).toMatchObject({ hops: 2, inReplyTo: room.office.sent[1]?.replyWith });
  });
});

test("several are asked in one turn, by name and by capability, and the run continues when all have answered", async () => {
  const asks = [
    tool("ask", { to: "bob", content: "1" }),
    tool("ask", { capability: "sums", content: "2", performative: "query-ref" }),
  ];
  const alice: Actor = { name: "alice", says: [{ toolCalls: asks }, { text: "both" }] };
  await withRoom([alice, echo("bob", "one"), { ...echo("carl", "two"), capability: "sums" }], async (room) => {
    await room.write({ performative: "request" }, "alice");
    await until(() => room.office.said("alice", "user").length === 1);
    expect(toolTexts(room, "alice")).toEqual(["done: one", "done: two"]);
  });
});

test("a failure and a refusal of the other agent are failed calls, with their words", async () => {
  const asks = [tool("ask", { to: "bob", content: "1" }), tool("ask", { to: "carl", content: "2" })];
  const carl: Actor = {
    name: "carl",
    says: [{ toolCalls: [tool("reply", { performative: "refuse", content: "not today" })] }, { text: "said no" }],
  };
  const bob: Actor = { name: "bob", says: [{ error: { class: "auth", message: "no key" } }] };
  await withRoom([{ name: "alice", says: [{ toolCalls: asks }, { text: "none" }] }, bob, carl], async (room) => {
    await room.write({ performative: "request" }, "alice");
    await until(() => room.office.said("alice", "user").length === 1);
    const [first, second] = toolTexts(room, "alice");
    expect(first).toMatch(/^tool-error: bob has failed \[\w+\]: .*no key/);
    expect(second).toBe("tool-error: carl refuses: not today");
    // An explicit reply is the answer; the run's last words are not sent beside it.
    expect(room.office.said("carl", "alice")).toEqual(["refuse: not today"]);
  });
});

test("a message without a recipient is a failed call, and the run continues", async () => {
  const alice: Actor = {
    name: "alice",
    says: [{ toolCalls: [tool("ask", { to: "nonexistent", content: "1" })] }, { text: "alone" }],
  };
  await withRoom([alice], async (room) => {
    await room.write({ performative: "request" }, "alice");
    await until(() => room.office.said("alice", "user").length === 1);
    expect(toolTexts(room, "alice")[0]).toMatch(/^tool-error: the message was not delivered: .*\[AGENT_NOT_FOUND\]/);
  });
});

test("a proposal is accepted with the tool reply; an act that is no answer to it is refused with those that are", async () => {
  const replies = [tool("reply", { performative: "inform", content: "?" })];
  const says = [
    { toolCalls: replies },
    { toolCalls: [tool("reply", { performative: "accept-proposal", content: { price: 5 } })] },
    { text: "taken" },
  ];
  await withRoom([{ name: "alice", says }], async (room) => {
    await room.write({ performative: "propose", protocol: "fipa-propose" }, "alice", "five?");
    await until(() => room.runsOf("alice")[0]?.state === "completed");
    expect(room.office.said("alice", "user")).toEqual(['accept-proposal: {"price":5}']);
    expect(toolTexts(room, "alice")[0]).toContain("inform is no answer to propose; these are: accept-proposal");
  });
});

test("who is there is found by words and by capability", async () => {
  const says = [
    { toolCalls: [tool("find_agents", { words: "an agent for sums" }), tool("find_agents", { capability: "art" })] },
    { text: "ok" },
  ];
  await withRoom(
    [
      { name: "alice", says },
      { ...echo("carl"), capability: "sums" },
    ],
    async (room) => {
      await room.write({ performative: "request" }, "alice");
      await until(() => room.runsOf("alice")[0]?.state === "completed");
      expect(toolTexts(room, "alice")[0]).toBe("done: - carl: no description (sums)");
      expect(toolTexts(room, "alice")[1]).toContain("No");
    },
  );
});

test("a cancellation ends the runs of its conversation, and is confirmed once", async () => {
  const says = [{ toolCalls: [tool("ask", { to: "bob", content: "?" })] }, { text: "too late" }];
  const bob: Actor = { name: "bob", says: [{ text: "slow", delayMs: 60_000 }] };
  await withRoom([{ name: "alice", says }, bob], async (room) => {
    const { conversationId } = await room.write({ performative: "request", protocol: "fipa-request" }, "alice");
    await until(() => room.runsOf("alice")[0]?.state === "awaiting-reply");
    await room.write({ performative: "cancel", protocol: "fipa-request", conversationId }, "alice");
    await until(() => room.office.said("alice", "user").length === 1);
    expect(room.office.said("alice", "user")).toEqual(["inform: cancelled"]);
    expect(room.runsOf("alice")).toMatchObject([{ state: "cancelled" }]);
  });
});

test("a turn that others passed while it waited for a reply is in the branch once it has ended", async () => {
  const says = [
    { when: { userIncludes: "first" }, toolCalls: [tool("ask", { to: "bob", content: "?" })] },
    { when: { userIncludes: "first" }, text: "said at last" },
    { text: "said" },
  ];
  const bob: Actor = { name: "bob", says: [{ text: "bob knows", delayMs: 400 }] };
  await withRoom([{ name: "alice", says }, bob], async (room) => {
    const { conversationId } = await room.write({ performative: "request" }, "alice", "first");
    await until(() => room.runsOf("alice")[0]?.state === "awaiting-reply");
    await room.write({ performative: "request", conversationId }, "alice", "second");
    await until(() => room.runsOf("alice").filter(({ state }) => state === "completed").length === 2);
    await room.write({ performative: "request", conversationId }, "alice", "third");
    await until(() => room.runsOf("alice").filter(({ state }) => state === "completed").length === 3);
    const runs = room.runsOf("alice");
    const before = (id: RunId) => room.journal.summary(id)?.thread?.parent ?? null;
    const branch: string[] = [];
    for (let at: RunId | null = runs.at(-1)?.id ?? null; at !== null; at = before(at))
      branch.unshift(runs.find(({ id }) => id === at)?.input ?? "");
    expect(branch).toEqual(["second", "first", "third"]);
    expect(runs.at(-1)?.steps.at(-1)).toMatchObject({
      context: { parts: expect.arrayContaining([expect.objectContaining({ what: "turns 1–3" })]) },
    });
  });
});

test("an agent has so many runs in one conversation and no more", async () => {
  await withRoom([{ ...echo("alice"), more: "[conversation]\nmax_turns = 2\n" }], async (room) => {
    const { conversationId } = await room.write({ performative: "request" }, "alice");
    for (const n of [1, 2]) {
      await until(() => room.office.said("alice", "user").length === n);
      await room.write({ performative: "request", conversationId }, "alice");
    }
    await until(() => room.office.settled.length === 3);
    expect(room.office.settled.at(-1)?.[2]).toMatchObject({ type: "rejected", code: "CONVERSATION_TURNS_MAX" });
    expect(room.runsOf("alice")).toHaveLength(2);
  });
});

const calling = (auction: string, price: number) => JSON.stringify({ auction, price });

describe("in an auction", () => {
  const protocol = "fipa-auction-english";
  const says = [
    { when: { userIncludes: "[call of an auction" }, text: 'I pay up to:\n{"max_price": 20}' },
    { text: "noted" },
  ];

  // conversations.handler.C3
  test("an agent is asked once for its limit; the server bids up to it, and only the award starts another run", async () => {
    await withRoom([{ name: "bob", says, more: "[conversation]\nmax_turns = 1\n" }], async (room) => {
      const send = (performative: Performative, text: string, conversationId?: string) =>
        room.write({ performative, protocol, ...(conversationId !== undefined && { conversationId }) }, "bob", text);
      const { conversationId } = await send("inform", '{"auction":"english","start":10,"step":5}');
      for (const [turn, price] of [10, 15, 20, 25].entries()) {
        await send("cfp", calling("english", price), conversationId);
        await until(() => room.office.said("bob", "user").length === turn + 1);
        await send("accept-proposal", '{"accepted":{"price":10},"final":false}', conversationId);
      }
      expect(room.office.said("bob", "user")).toEqual([
        'propose: {"price":10}',
        'propose: {"price":15}',
        'propose: {"price":20}',
        "refuse: no bid at this price",
      ]);
      await send("inform", '{"ended":true,"sold":true,"winner":"cid","price":25}', conversationId);
      await until(() => room.office.settled.length === 10);
      expect(room.runsOf("bob").map(({ message }) => message?.performative)).toEqual(["cfp"]);
      await send("inform", '{"ended":true,"sold":true,"winner":"Bob","price":20}', conversationId);
      await until(() => room.runsOf("bob").length === 2);
      expect(room.office.settled.every(([, , { type }]) => type === "done")).toBe(true);
    });
  });

  test.each<[what: string, answer: string, said: string]>([
    ["a price below the called one", '{"price": 9}', "refuse: no bid at this price"],
    ["no price", '{"cost": 4}', 'refuse: {"cost": 4}'],
    ["words", "I would rather not.", "refuse: I would rather not."],
    ["a price above the called one", '{"price": 12}', 'propose: {"price":10}'],
  ])("an answer with %s is judged before it is sent", async (_what, answer, said) => {
    await withRoom([echo("bob", answer)], async (room) => {
      await room.write({ performative: "cfp", protocol: "fipa-auction-dutch" }, "bob", calling("dutch", 10));
      await until(() => room.office.said("bob", "user").length === 1);
      expect(room.office.said("bob", "user")).toEqual([said]);
    });
  });

  test("the limit of a definition bids without a run, in sealed auctions the limit itself", async () => {
    await withRoom([{ ...echo("bob"), more: "[messaging]\nmax_price = 20\n" }], async (room) => {
      await room.write({ performative: "cfp", protocol }, "bob", calling("english", 15));
      await room.write({ performative: "cfp", protocol }, "bob", calling("english", 21));
      const sealed = JSON.stringify({ auction: "sealed", reserve: 5 });
      await room.write({ performative: "cfp", protocol: "fipa-contract-net" }, "bob", sealed);
      await until(() => room.office.said("bob", "user").length === 3);
      expect(room.office.said("bob", "user")).toEqual([
        'propose: {"price":15}',
        "refuse: no bid at this price",
        'propose: {"price":20}',
      ]);
      expect(room.runsOf("bob")).toEqual([]);
    });
  });
});

test("an agent without automatic answers does not bid automatically", async () => {
  const more = "[messaging]\nauto_respond = false\nmax_price = 20\n";
  await withRoom([{ ...echo("bob"), more }], async (room) => {
    const protocol = "fipa-auction-english";
    await room.write({ performative: "cfp", protocol }, "bob", calling("english", 15));
    await until(() => room.runsOf("bob")[0]?.state === "completed");
    expect(room.office.said("bob", "user")).toEqual([]);
  });
});

// conversations.handler.C4
test("while the queue of runs is full a message waits, and is not lost", async () => {
  const slow: Actor = { name: "alice", says: [{ text: "done", delayMs: 30 }] };
  await withRoom(
    [slow],
    async (room) => {
      for (const n of [1, 2, 3, 4]) await room.write({ performative: "request" }, "alice", `${n}`);
      await until(() => room.office.said("alice", "user").length === 4);
      expect(room.runsOf("alice")).toHaveLength(4);
      expect(room.office.settled.every(([, , { type }]) => type === "done")).toBe(true);
    },
    { runs: { concurrentMax: 1, queuedMax: 0 } },
  );
});

test("while the queue of runs is full a message expires, and starts no run", async () => {
  const slow: Actor = { name: "alice", says: [{ text: "done", delayMs: 600_000 }] };
  await withRoom(
    [slow],
    async (room) => {
      await room.write({ performative: "request" }, "alice", "first");
      await until(() => room.runsOf("alice").length === 1);
      await room.write({ performative: "request", replyByMs: Date.now() }, "alice", "second");
      // The post office tries three times.
      await until(() => room.office.settled.length === 4);
      expect(room.office.settled.at(-1)?.[2]).toMatchObject({ type: "failed" });
      expect(room.runsOf("alice")).toHaveLength(1);
    },
    { runs: { concurrentMax: 1, queuedMax: 0 } },
  );
});

test("a definition says how messages are put to its model, how much of the past is shown, and whether answers are sent", async () => {
  const more =
    '[messaging]\nauto_respond = false\ncontext_window = 0\n[prompt_templates]\nrequest_handler = "{{sender}} wants {{request}} ({{performative}})"\n';
  await withRoom([{ ...echo("alice"), more }], async (room) => {
    await room.write({ performative: "request" }, "alice", "tea");
    await until(() => room.runsOf("alice")[0]?.state === "completed");
    expect(room.runsOf("alice")).toMatchObject([{ input: "tea", prompt: "user wants tea (request)" }]);
    expect(room.office.said("alice", "user")).toEqual([]);
  });
});

test("outside of a run messages are sent as a person's, and nothing can wait", async () => {
  await withRoom([echo("alice")], async (room) => {
    const context = { session: "none", workspace: "default", agent: undefined, files: [] };
    const call = (name: string, given: object) => {
      const found = room.tools.of("default").tool("messages", name);
      const id = room.runs.view(
        room.runsOf("alice")[0]?.id ??
          (() => {
            throw new Error("no run");
          })(),
      ).id;
      return room.tools.of("default").call(
        found,
        {
          id: JSON.parse(JSON.stringify(id)),
          server: "messages",
          tool: name,
          arguments: JSON.parse(JSON.stringify(given)),
          context,
        },
        new AbortController().signal,
      );
    };
    await room.write({ performative: "inform" }, "alice");
    await until(() => room.runsOf("alice")[0]?.state === "completed");
    expect(await call("send_message", { to: "alice", content: "hi" })).toMatchObject({ type: "done" });
    expect(room.office.said("user", "alice").at(-1)).toBe("inform: hi");
    expect(await call("ask", { to: "alice", content: "hi" })).toMatchObject({
      type: "failed",
      message: expect.stringContaining("only a run can wait"),
    });
    expect(await call("reply", { performative: "inform", content: "hi" })).toMatchObject({ type: "failed" });
    expect(await call("send_message", { content: "hi" })).toMatchObject({
      type: "failed",
      message: expect.stringContaining("say whom"),
    });
    expect(await call("send_message", { to: "alice", topic: "x", content: "hi" })).toMatchObject({ type: "failed" });
  });
});
