/**
 * A process that is killed: a real router over a real journal, which reads from lines what to send and prints as lines what happened.
 * `node driver.ts <directory> [synchronous]`. It loads, says `L`, and opens the journal when it reads `open`.
 * In: `open`, `<number>` (send message number so-and-so), `end`. Out: `R <pending>` (ready), `A <number>` (accepted),
 * `P <number> <recipient> <attempt>` (a recipient has done its work), `D <number> <recipient>` (settled on disk), `E` (ended).
 */
import { createInterface } from "node:readline";
import { argv, stdin } from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { MESSAGE_JOURNAL_DEFAULTS, SqliteMessageJournal } from "../../../src/messaging/journal/index.ts";
import { TimerQueue } from "../../../src/kernel/async/timer-queue.ts";
import { systemClock } from "../../../src/kernel/clock.ts";
import { MessageId } from "../../../src/kernel/ids.ts";
import { composeMessage, type Message } from "../../../src/messaging/acl/index.ts";
import { type Delivered, Router, ROUTER_DEFAULTS, type Settlement } from "../../../src/messaging/router/index.ts";
import { say } from "../../helpers/say.ts";
import { TestDirectory } from "../router/world.ts";

const KIB = 1_024;
const OUTSIDE = { workspace: "default", name: "outside-olga" };
const TALKS = 7;

const idOf = (number: number): MessageId =>
  MessageId.parse(`00000000-0000-7000-8000-${String(number).padStart(12, "0")}`);
const numberOf = ({ id }: Message): number => Number(id.slice(-12));

/** One in five goes to two inside, one in seven outside; every third may be lost in a power cut. */
function messageOf(number: number): Message {
  const names = number % 7 === 0 ? [OUTSIDE.name] : number % 5 === 0 ? ["worker", "clerk"] : ["worker"];
  return composeMessage({
    id: idOf(number),
    workspace: "default",
    performative: "inform",
    sender: "planner",
    address: { type: "receivers", names },
    conversationId: `talk-${number % TALKS}`,
    durability: number % 3 === 0 ? "normal" : "full",
    content: { type: "text", text: `${number} ${"x".repeat(200 + (number % 400))}` },
    atMs: systemClock.nowMs(),
  });
}

async function handle({ message, recipient, attempt }: Delivered): Promise<Settlement> {
  const number = numberOf(message);
  if (number % 4 === 0) await sleep(number % 5);
  if (number % 29 === 0 && attempt === 1) return { type: "failed", reason: "not at the first time" };
  say(`P ${number} ${recipient} ${attempt}`);
  return { type: "done" };
}

/** Takes and settles as an external client would. */
async function takeOutside(router: Router, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const taken = await router.lease(OUTSIDE, { max: 20, leaseMs: 10_000, waitMs: 1_000 }, signal);
    for (const { message, attempt } of taken) say(`P ${numberOf(message)} ${OUTSIDE.name} ${attempt}`);
    if (taken.length === 0) continue;
    await router.settle(
      OUTSIDE,
      taken.map(({ seq }) => ({ seq, outcome: "done" })),
    );
    for (const { message } of taken) say(`D ${numberOf(message)} ${OUTSIDE.name}`);
  }
}

async function serve(directory: string): Promise<Router> {
  const journal = new SqliteMessageJournal({
    ...MESSAGE_JOURNAL_DEFAULTS,
    // So that the thread that carries it over is at it all the time.
    logPagesMax: 200,
    directory,
    synchronous: argv[3] === "normal" ? "normal" : "full",
    segmentBytesMax: 64 * KIB,
  });
  const router = await Router.open({
    stores: { journal },
    directory: new TestDirectory("planner", "worker", "clerk", OUTSIDE.name),
    clock: systemClock,
    alarm: new TimerQueue(systemClock),
    options: { ...ROUTER_DEFAULTS, retryDelayMs: 5, mailboxMessagesMax: 100_000 },
  });
  say("R");
  router.attachDeployed({ handle });
  return router;
}

let router: Router | undefined;
const ending = new AbortController();
say("L");
for await (const line of createInterface({ input: stdin })) {
  if (line === "open") {
    router = await serve(argv[2] ?? ".");
    void takeOutside(router, ending.signal);
  } else if (line === "end") {
    ending.abort();
    await router?.close(5_000);
    say("E");
  } else {
    const number = Number(line);
    router?.post(messageOf(number), (submitted) => {
      if (submitted.type === "accepted") say(`A ${number}`);
      else say(`X ${number} ${JSON.stringify(submitted)}`);
    });
  }
}
