import { expect, test } from "vitest";
import { listConversations } from "../../src/api/operations/index.ts";
import { MESSAGE_JOURNAL_DEFAULTS, SqliteMessageJournal } from "../../src/messaging/journal/index.ts";
import { ManualClock } from "../helpers/manual-clock.ts";
import { tempDirectory } from "../helpers/temp.ts";
import { note, openWorld } from "../messaging/router/world.ts";

const HOUR_MS = 3_600_000;

test("conversations that are stuck come before the others over all pages, each part the last changed first", async () => {
  using directory = tempDirectory();
  const clock = new ManualClock();
  const options = { ...MESSAGE_JOURNAL_DEFAULTS, directory: directory.path, synchronous: "normal" } as const;
  const messageJournal = new SqliteMessageJournal(options);
  const { router } = await openWorld({ clock, journal: messageJournal });
  const begin = (conversationId: string) =>
    router.submit(
      note("x", { conversationId, performative: "request", protocol: "fipa-request", atMs: clock.nowMs() }),
    );
  for (const id of ["silent 1", "silent 2", "silent 3"]) {
    await begin(id);
    await clock.advance(1_000);
  }
  await clock.advance(2 * HOUR_MS);
  for (const id of ["lively 1", "lively 2"]) {
    await begin(id);
    await clock.advance(1_000);
  }
  const listed = async (order: "stuck" | "changed", limit: number) => {
    const ids: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await listConversations({ messaging: { router }, server: { clock } }, "default", {
        order,
        archived: false,
        cursor,
        limit,
      });
      ids.push(...page.items.map(({ id, stuck }) => `${id}${stuck ? ", stuck" : ""}`));
      cursor = page.next ?? undefined;
    } while (cursor !== undefined);
    return ids;
  };
  const [stuck, rest] = [
    ["silent 3, stuck", "silent 2, stuck", "silent 1, stuck"],
    ["lively 2", "lively 1"],
  ];
  for (const limit of [1, 2, 3, 4, 50]) {
    expect(await listed("stuck", limit)).toEqual([...(stuck ?? []), ...(rest ?? [])]);
    expect(await listed("changed", limit)).toEqual([...(rest ?? []), ...(stuck ?? [])]);
  }
  await router.close(0);
});
