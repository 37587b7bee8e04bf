import { expect, test } from "vitest";
import { cursors, handles } from "./handles.ts";

test("each kind of handle has letters of its own", () => {
  const kinds = [
    handles.messagePosition.encode(1),
    handles.delivery.encode(1),
    handles.deadLetter.encode(1, 1),
    handles.runEvent.encode(1),
    handles.serverEvent.encode(1, 1),
    cursors.audit.encode(1),
    cursors.grantUses.encode(1),
    cursors.conversations.encode("evicted", 1),
    ...[cursors.agents, cursors.agentRevisions, cursors.capabilities, cursors.keys].map((each) => each.encode("a")),
    ...[cursors.participants, cursors.subscriptions].map((each) => each.encode("a")),
    ...[cursors.toolServers, cursors.toolServerVersions].map((each) => each.encode("a")),
  ].map((handle) => handle.slice(0, 2));
  expect(new Set(kinds).size).toBe(kinds.length);
});
