import { expect, test } from "vitest";
import { isTerminal } from "../../../src/runs/index.ts";
import { tempDirectory } from "../../helpers/temp.ts";
import { type Actor, dieAt, openRoom, PostOffice, type Room, until } from "./room.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("conversation.crash");

const ask = { name: "messages__ask", arguments: { to: "bob", content: "hello" } };
const ACTORS: readonly Actor[] = [
  { name: "alice", says: [{ toolCalls: [ask] }, { text: "bob says hallo" }] },
  { name: "bob", says: [{ text: "hallo" }] },
];

const isOver = (room: Room): boolean =>
  room.office.said("alice", "user").length > 0 &&
  ["alice", "bob"].every((agent) => room.runsOf(agent).every(({ state }) => isTerminal(state)));

// conversations.handler.C2, conversations.outbox.O1, conversations.outbox.O2
test.each([false, true])(
  "killed at any write, a request that leads to another is worked on once, and answered once (written: %s)",
  async (isWritten) => {
    for (let writes = 1; writes < 60; writes += 1) {
      using directory = tempDirectory();
      const office = new PostOffice();
      const first = await openRoom({ directory: directory.path, actors: ACTORS, office });
      const died = dieAt(first, writes, isWritten);
      await first.write({ performative: "request", protocol: "fipa-request" }, "alice", "what is hello?");
      const hasEnded = await Promise.race([until(() => isOver(first)).then(() => true), died.then(() => false)]);
      first.die();
      await using second = await openRoom({ directory: directory.path, actors: ACTORS, office });
      second.runs.resumeUnfinished();
      await until(() => isOver(second));
      expect([writes, office.said("alice", "user")]).toEqual([writes, ["inform: bob says hallo"]]);
      expect([writes, office.said("alice", "bob")]).toEqual([writes, ["request: hello"]]);
      expect([writes, office.said("bob", "alice")]).toEqual([writes, ["inform: hallo"]]);
      expect([writes, second.runsOf("alice").length, second.runsOf("bob").length]).toEqual([writes, 1, 1]);
      if (hasEnded) return;
    }
    throw new Error("it never ended within its first life");
  },
);
