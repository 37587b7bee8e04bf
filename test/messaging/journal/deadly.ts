/**
 * A process with a real router over a real journal. `node deadly.ts <directory> [<text>]`. The first one in a directory sends
 * messages, of which the one with this text kills the process that handles it; each continues with what is there. Prints `R` when it
 * begins to deliver, `P <text>` for each message that it has handled, and at the end `E` with the dead letters as JSON.
 */
import { join } from "node:path";
import { argv, kill, pid } from "node:process";
import { setImmediate as turn, setTimeout as sleep } from "node:timers/promises";
import {
  FileInFlightLog,
  MESSAGE_JOURNAL_DEFAULTS,
  SqliteMessageJournal,
} from "../../../src/messaging/journal/index.ts";
import { TimerQueue } from "../../../src/kernel/async/timer-queue.ts";
import { systemClock } from "../../../src/kernel/clock.ts";
import { Router, ROUTER_DEFAULTS } from "../../../src/messaging/router/index.ts";
import { say } from "../../helpers/say.ts";
import { note, TestDirectory, textOf, to } from "../router/world.ts";

const MESSAGES = 60;
const AGENTS = ["bob", "cid"];
const HANDLING_MS = 50;
const [, , directory = ".", deadly = "none is"] = argv;

const router = await Router.open({
  stores: {
    journal: new SqliteMessageJournal({ ...MESSAGE_JOURNAL_DEFAULTS, directory, synchronous: "normal" }),
    inFlightLog: new FileInFlightLog(join(directory, "messages.hand")),
  },
  directory: new TestDirectory("ann", ...AGENTS),
  clock: systemClock,
  alarm: new TimerQueue(systemClock),
  options: { ...ROUTER_DEFAULTS, attemptsMax: 3 },
});
const isFirst = (await router.records.messages({ workspace: "default", limit: 1 })).length === 0;
if (isFirst) {
  const sent = Array.from({ length: MESSAGES }, (_, index) => {
    return router.submit(
      note(`message ${index}`, {
        ...to(AGENTS[index % 2] ?? ""),
        conversationId: `talk-${index}`,
        atMs: systemClock.nowMs(),
      }),
    );
  });
  await Promise.all(sent);
}
say("R");
router.attachDeployed({
  handle: async ({ message }) => {
    // The others are in flight beside it when it strikes.
    await turn();
    if (textOf(message) === deadly) kill(pid, "SIGKILL");
    await sleep(HANDLING_MS);
    say(`P ${textOf(message)}`);
    return { type: "done" };
  },
});
while (AGENTS.some((name) => router.records.mailbox("default", name).messages > 0)) await turn();
const dead = await router.records.deadLetters({ workspace: "default", limit: 10 });
const letters = dead.map(({ code, reason, attempts, history, body }) => ({ code, reason, attempts, history, body }));
say(`E ${JSON.stringify(letters)}`);
await router.close(1_000);
