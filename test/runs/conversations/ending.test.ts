import { expect, test } from "vitest";
import { tempDirectory } from "../../helpers/temp.ts";
import { type Actor, openRoom, PostOffice, type Room, until } from "./room.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("protocol.cancel");

const ask = (to: string, content: string) => ({ name: "messages__ask", arguments: { to, content } });
const ALICE: Actor = { name: "alice", says: [{ toolCalls: [ask("bob", "translate")] }, { text: "too late" }] };
const SLOW: Actor = { name: "bob", says: [{ text: "slow", delayMs: 600_000 }] };

/** Alice's run has asked bob, who works on it, and is cancelled. */
async function cancelledWhileWaiting(room: Room): Promise<void> {
  await room.write({ performative: "inform" }, "alice", "go");
  await until(() => room.runsOf("bob")[0]?.state === "running");
  const [run] = room.runsOf("alice");
  if (run === undefined) throw new Error("alice has no run");
  await room.runs.cancel(run.id, "no longer needed");
}

test("an agent asked by a cancelled run gets a cancel, ends its work, and its reply starts nothing", async () => {
  using directory = tempDirectory();
  await using room = await openRoom({ directory: directory.path, actors: [ALICE, SLOW] });
  await cancelledWhileWaiting(room);
  await until(() => room.office.said("bob", "alice").length === 1);
  await until(() => room.office.settled.length === room.office.sent.length);
  expect(room.office.said("alice", "bob").map((said) => said.split(":")[0])).toEqual(["request", "cancel"]);
  expect(room.office.said("bob", "alice")).toEqual(["inform: cancelled"]);
  expect(room.runsOf("bob")).toMatchObject([{ state: "cancelled" }]);
  expect(room.runsOf("alice")).toHaveLength(1);
  const [request, cancel] = room.office.sent.filter(({ sender }) => sender === "alice");
  expect(cancel).toMatchObject({ conversationId: request?.conversationId, protocol: "fipa-request" });
});

// conversations.cancellations.F1
test("a server that ends before the cancel is out leaves it to the next one, which says it once", async () => {
  using directory = tempDirectory();
  const office = new PostOffice();
  const actors = [ALICE, SLOW];
  const first = await openRoom({ directory: directory.path, actors, office });
  office.swallows = ({ performative }) => performative === "cancel";
  await cancelledWhileWaiting(first);
  first.die();
  office.swallows = () => false;
  for (let life = 0; life < 2; life += 1) {
    await using room = await openRoom({ directory: directory.path, actors, office });
    await until(() => office.said("bob", "alice").length === 1 && room.runsOf("bob")[0]?.state === "cancelled");
  }
  expect(office.sent.filter(({ performative }) => performative === "cancel")).toHaveLength(1);
});

/** Bob asks back before he is done, so that his run takes as long as the test wants. */
const ASKS_BACK: Actor = { name: "bob", says: [{ toolCalls: [ask("user", "which?")] }, { text: "done" }] };

test("a request that takes long is agreed to once, and then answered", async () => {
  using directory = tempDirectory();
  const office = new PostOffice();
  const options = { directory: directory.path, actors: [ASKS_BACK], office };
  const first = await openRoom({ ...options, agreeAfterMs: 3_600_000 });
  await first.write({ performative: "request", protocol: "fipa-request" }, "bob", "paint");
  await until(() => first.runsOf("bob")[0]?.state === "awaiting-reply");
  first.die();
  expect(office.said("bob", "user")).toEqual(["request: which?"]);
  for (let life = 0; life < 2; life += 1) {
    await using room = await openRoom({ ...options, agreeAfterMs: 1 });
    await until(() => office.said("bob", "user").length === 2);
    expect(room.runsOf("bob")).toMatchObject([{ state: "awaiting-reply" }]);
  }
  await using last = await openRoom({ ...options, agreeAfterMs: 1 });
  last.runs.resumeUnfinished();
  const [question] = office.sent.filter(({ sender }) => sender === "bob");
  await last.write({ performative: "inform", inReplyTo: question?.id }, "bob", "green");
  await until(() => office.said("bob", "user").length === 3);
  expect(office.said("bob", "user")).toEqual(["request: which?", "agree: ", "inform: done"]);
});

// conversations.agreements.G1
test.each([
  ["no agent expects it without a protocol", { performative: "request" as const }],
  ["where it would mean something else", { performative: "subscribe" as const, protocol: "fipa-subscribe" }],
])("no agreement is said: %s", async (_why, draft) => {
  using directory = tempDirectory();
  await using room = await openRoom({ directory: directory.path, actors: [ASKS_BACK], agreeAfterMs: 1 });
  await room.write(draft, "bob", "paint");
  await until(() => room.office.said("bob", "user").length === 1);
  const [question] = room.office.sent.filter(({ sender }) => sender === "bob");
  await room.write({ performative: "inform", inReplyTo: question?.id }, "bob", "green");
  await until(() => room.office.said("bob", "user").length === 2);
  const acts = room.office.said("bob", "user").map((said) => said.split(":")[0]);
  expect(acts).toEqual(["request", draft.performative === "subscribe" ? "agree" : "inform"]);
});
