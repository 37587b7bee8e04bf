import { expect, test } from "vitest";
import { type MessageQuery } from "../../../src/messaging/router/index.ts";
import { listEvictedConversations } from "../../../src/messaging/router/conversations/evicted-conversations.ts";
import { messagesByConversation } from "../../../src/messaging/router/conversations/messages-by-conversation.ts";
import { CONVERSATION_TERMS } from "../../../src/messaging/protocols/index.ts";
import { ManualClock } from "../../helpers/manual-clock.ts";
import { JournalRoom, batch, messages } from "../journal/batches.ts";

test("conversations with more messages than one read returns are read completely, each oldest first", async () => {
  await using room = new JournalRoom();
  const said = messages(1, 3_000).map((one) => ({ ...one, conversation: `talk-${one.seq % 30}` }));
  await room.journal.append(batch({ messages: said }));
  const talks = await messagesByConversation(
    room.journal,
    "default",
    new Set(Array.from({ length: 30 }, (_none, talk) => `talk-${talk}`)),
  );
  expect(talks.size).toBe(30);
  for (const talk of talks.values()) {
    expect(talk).toHaveLength(100);
    expect(talk.map(({ seq }) => seq)).toEqual(talk.map(({ seq }) => seq).toSorted((one, other) => one - other));
  }
});

test("conversations that do not fit are looked for together, twice as many each time", async () => {
  await using room = new JournalRoom();
  await room.journal.append(batch({ messages: messages(1, 2_000) }));
  const together: number[] = [];
  const journal = {
    // Retention drops them in between: none fits.
    list: async (query: MessageQuery) => {
      if (query.conversations === undefined) return room.journal.list(query);
      together.push(query.conversations.size);
      return [];
    },
    conversation: (workspace: string, id: string) => room.journal.conversation(workspace, id),
  };
  const conversations = { find: () => undefined };
  const parts = { journal, conversations, clock: new ManualClock(), nameOf: () => "bob", terms: CONVERSATION_TERMS };
  const page = await listEvictedConversations(
    { workspace: "default", limit: 10, participant: "nonexistent" },
    3_000,
    parts,
  );
  expect(page).toEqual({ found: [], nextSeq: undefined });
  expect(together).toEqual([250, 500, 1_000, 250]);
});
