import { isJsonObject, type Json, type JsonObject } from "../../../src/kernel/json.ts";
import { type Message, type Performative } from "../../../src/messaging/acl/index.ts";
import { type MessageView } from "../../../src/messaging/router/index.ts";
import {
  isFinished,
  type Task,
  TASKS_PARTICIPANT,
  type TaskRequest,
  type TasksDeps,
  type TaskStore,
} from "../../../src/messaging/tasks/index.ts";
import { Chance } from "../../fuzz/chance.ts";
import { settled } from "../../helpers/manual-clock.ts";
import { MemoryDisk } from "../../helpers/memory-message-journal.ts";
import { tempDirectory } from "../../helpers/temp.ts";
import { Market, type Reaction } from "./market.ts";

type Post = Pick<TasksDeps["router"], "submit">;

const BIDS_MS = 5_000;
const WORK_MS = 8_000;
const NAMES = ["bob", "cid", "dan", "eve"];

const valueOf = ({ content }: Message) => (content.type === "json" && isJsonObject(content.value) ? content.value : {});
/** Whether the message gives its recipient work, or what is sold. */
function isAward({ deliveries: [delivery], message }: Pick<MessageView, "deliveries" | "message">): boolean {
  const { performative } = message;
  if (performative === "accept-proposal") return valueOf(message)["final"] !== false;
  return performative === "request" || (isEnd(message) && valueOf(message)["winner"] === delivery?.recipient);
}
const isEnd = (message: Message) => message.performative === "inform" && valueOf(message)["ended"] === true;

type Answer = ReturnType<Reaction>;

const silence = (): Answer => undefined;
const say =
  (act: Performative, content: Json): (() => Answer) =>
  () => [act, content];

/** Some answers come so late that the next call has begun when they are handled. */
const delay = (ms: number): number => (ms < 1_500 ? BIDS_MS - (ms % 150) : ms);

/** What a bidder answers, with what may go wrong there. `worked` is called when it does the work. */
function bidder(limit: number, chance: Chance, rate: number, worked: (message: Message) => void): Reaction {
  const lost = (): Answer => (chance.is(0.7) ? "breaks" : "fails");
  const odd = (...answers: readonly (() => Answer)[]): (() => Answer) | undefined =>
    chance.is(rate) ? chance.pick(answers) : undefined;
  const late = (answer: Answer): Answer =>
    typeof answer === "object" ? [answer[0], answer[1], { delayMs: BIDS_MS + chance.below(6_000) }] : answer;
  const slow = (answer: Answer): Answer =>
    typeof answer === "object" && chance.is(0.5)
      ? [answer[0], answer[1], { delayMs: delay(chance.below(BIDS_MS)) }]
      : answer;
  const bid = (message: Message): Answer => {
    const { price, reserve, auction } = valueOf(message);
    if (auction === undefined) return ["propose", { cost: limit, seconds: 1 }];
    if (typeof price === "number" && price > limit) return ["refuse", "too dear"];
    // Some bid more than the price that an English auction calls.
    if (typeof price === "number") return ["propose", { price: auction === "english" && limit > 30 ? limit : price }];
    return limit >= Number(reserve) ? ["propose", { price: limit }] : ["refuse", "too dear"];
  };
  const called: Reaction = (message) => {
    const usual = bid(message);
    const strange = odd(
      lost,
      silence,
      say("refuse", "no"),
      say("propose", { cost: 4 }),
      say("propose", { price: 1 }),
      say("not-understood", "what?"),
      () => late(usual),
    );
    return strange === undefined ? slow(usual) : strange();
  };
  const awarded: Reaction = (message) => {
    const { final } = valueOf(message);
    if (final === false) return odd(lost, silence)?.();
    const strange = odd(lost, lost, silence, say("failure", "ill"), () => late(["inform", "late"]));
    if (strange === lost) return strange();
    worked(message);
    if (strange !== undefined) return strange();
    return final === true ? undefined : slow(["inform", "done"]);
  };
  return (message) => {
    const { performative } = message;
    if (performative === "cfp") return called(message);
    if (performative === "accept-proposal" || performative === "request") return awarded(message);
    if (performative === "cancel") return chance.is(rate) ? undefined : ["inform", "cancelled"];
    return odd(lost)?.();
  };
}

const PROTOCOLS = [
  "contract-net",
  "iterated-contract-net",
  "request",
  "auction-english",
  "auction-dutch",
  "auction-sealed",
] as const;

function requestOf(chance: Chance): Partial<TaskRequest> {
  const protocol = chance.pick(PROTOCOLS);
  const times = { bidsMs: BIDS_MS, workMs: WORK_MS };
  const [reserve] = chance.pick([[], [5], [20]] as const);
  if (protocol === "auction-english")
    return { ...times, protocol, auction: { start: 5, step: 10, reserve, deliver: chance.is(0.5) } };
  if (protocol === "auction-dutch") return { ...times, protocol, auction: { start: 40, step: 10, reserve } };
  if (protocol === "auction-sealed") return { ...times, protocol, auction: { reserve, secondPrice: chance.is(0.5) } };
  return { ...times, protocol, evaluation: { type: chance.is(0.2) ? "first_bid" : "best_bid" } };
}

/** A bidder that is deleted, some steps after it takes no more messages. */
type Deletion = { readonly name: string; readonly pauseAt: number; readonly atStep: number };

function deletionsOf(seed: number, names: readonly string[]): Deletion[] {
  const chance = new Chance(seed ^ 0x5bd1e995);
  const atStep = chance.below(60);
  const deletion = { name: chance.pick(names), pauseAt: atStep - chance.below(8), atStep };
  return chance.is(0.4) ? [deletion] : [];
}

export type Played = { readonly tasks: number; readonly done: number; readonly awards: number; readonly lives: number };
type Work = readonly [task: string, name: string];

/** Runs tasks of any protocol at the same time among bidders at which anything may go wrong. Throws when a task does not end as it must. */
export async function playTasks(seed: number): Promise<Played> {
  const chance = new Chance(seed);
  const rate = chance.pick([0, 0.1, 0.25, 0.5]);
  const storage = chance.pick([0, 0, 0.03]);
  const crashes = [...chance.many(0, 2, () => 1 + chance.below(40)), Infinity];
  const work: Work[] = [];
  const limits = new Map<string, number>();
  const bidders = new Map<string, Reaction>();
  for (const name of NAMES.slice(0, 1 + chance.below(NAMES.length))) {
    const limit = chance.pick([4, 15, 25, 35, 45]);
    limits.set(name, limit);
    const worked = ({ conversationId }: Message) => void work.push([conversationId.slice(0, 36), name]);
    bidders.set(name, bidder(limit, new Chance(chance.word()), rate, worked));
  }
  const lulls = new Chance(seed ^ 0x1b873593);
  const deletions = deletionsOf(seed, [...bidders.keys()]);
  using directory = tempDirectory();
  const disk = new MemoryDisk();
  const begun: Task[] = [];
  let clock: Market["clock"] | undefined;
  for (const crashAt of crashes) {
    const life = new Life(crashAt, chance.is(0.5), () => chance.is(storage));
    const there = Object.fromEntries(bidders);
    await using market = await Market.open(directory.path, there, { disk, ...(clock && { clock }), ...life.seams });
    clock = market.clock;
    for (const request of chance.many(begun.length === 0 ? 1 : 0, 2, () => requestOf(chance))) {
      const task = await Promise.race([started(market, request), life.end]);
      if (task !== undefined) begun.push(task);
    }
    const deleted = (name: string) => bidders.delete(name);
    await played(market, begun, { life, lulls, deletions, deleted });
    if (life.isOver) continue;
    const found = await Promise.all(begun.map((task) => faultsOf(market, market.now(task), { work, limits, bidders })));
    if (found.flat().length > 0) throw new Error(`seed ${seed}: ${found.flat().join("; ")}`);
    const done = begun.filter((task) => market.now(task).state === "done").length;
    return { tasks: begun.length, done, awards: work.length, lives: crashes.length };
  }
  throw new Error("the last life does not end");
}

const full = () => Promise.reject(new Error("the disk is full"));

/** A server up to its crash: before or after the router took a message of a task. Its writes fail at times. */
class Life {
  readonly #crashAt: number;
  readonly #isBefore: boolean;
  readonly #isFailing: () => boolean;
  #sends = 0;
  readonly #end = Promise.withResolvers<undefined>();
  isOver = false;

  constructor(crashAt: number, isBefore: boolean, isFailing: () => boolean) {
    this.#crashAt = crashAt;
    this.#isBefore = isBefore;
    this.#isFailing = isFailing;
  }

  get end(): Promise<undefined> {
    return this.#end.promise;
  }

  get seams() {
    const never = new Promise<never>(() => {});
    return {
      beforeCommit: async () => {
        if (this.#isFailing()) await full();
      },
      wrapStore: (store: TaskStore): TaskStore => ({
        put: (...task) => (this.isOver ? never : this.#isFailing() ? full() : store.put(...task)),
        find: (...which) => store.find(...which),
        list: (query) => store.list(query),
        unfinished: () => store.unfinished(),
        openCount: (workspace) => store.openCount(workspace),
        history: (workspace) => store.history(workspace),
      }),
      wrap: (post: Post): Post => ({
        submit: async (message) => {
          this.#sends += 1;
          this.isOver ||= this.#sends >= this.#crashAt;
          if (this.isOver) this.#end.resolve(undefined);
          if (this.isOver && this.#isBefore) return never;
          const outcome = await post.submit(message);
          return this.isOver ? never : outcome;
        },
      }),
    };
  }
}

/** A task that is distributed; what the disk refuses is asked for again. */
async function started(market: Market, request: Partial<TaskRequest>): Promise<Task> {
  for (;;) {
    try {
      const task = await market.tasks.create({ ...WANTED, ...request });
      for (;;) {
        try {
          return await market.tasks.distribute("default", task.id);
        } catch {
          if (market.now(task).state !== "created") return task;
        }
      }
    } catch {
      // Made again.
    }
  }
}
const WANTED = { workspace: "default", owner: "ann", name: "count", capabilities: ["analysis"] };

const STEPS_MAX = 1_500;
const AFTERWARDS = 60;

const isOver = (now: Task) => isFinished(now) && now.outbox.length === 0;

type Fate = {
  readonly life: Life;
  /** Of steps in which the server handles no answer. */
  readonly lulls: Chance;
  readonly deletions: Deletion[];
  readonly deleted: (name: string) => void;
};

/** Lets time pass until all tasks and what they say are over, or the server has crashed. */
async function played(
  market: Market,
  tasks: readonly Task[],
  { life, lulls, deletions, deleted }: Fate,
): Promise<void> {
  let left = AFTERWARDS;
  for (let step = 0; step < STEPS_MAX && !life.isOver && left > 0; step += 1) {
    market.router.pause("default", TASKS_PARTICIPANT, lulls.is(0.15));
    const [deletion] = deletions;
    if (step === deletion?.pauseAt) market.router.pause("default", deletion.name, true);
    if (step === deletion?.atStep) {
      await Promise.race([market.remove(deletion.name), life.end]);
      if (life.isOver) return;
      deletions.shift();
      deleted(deletion.name);
    }
    for (let turn = 0; turn < 12; turn += 1) await settled();
    await market.clock.advance(left < AFTERWARDS ? 3_000 : 300);
    if (left < AFTERWARDS || tasks.every((task) => isOver(market.now(task)))) left -= 1;
  }
}

/** They know it themselves, or their time is over. */
const OUT: ReadonlySet<string> = new Set(["refused", "silent", "failed", "overdue"]);

type Stage = {
  readonly work: readonly Work[];
  /** The most that each bidder pays, and its cost. */
  readonly limits: ReadonlyMap<string, number>;
  /** Those that were not deleted. */
  readonly bidders: ReadonlyMap<string, Reaction>;
};

/** What is wrong with a task that has ended. */
async function faultsOf(
  { router: { records } }: Market,
  task: Task,
  { work, limits, bidders }: Stage,
): Promise<readonly string[]> {
  const faults: string[] = [];
  const expect = (isSo: boolean, words: string) =>
    void (isSo || faults.push(`${task.protocol} ${task.state}: ${words}`));
  expect(isFinished(task) && task.outbox.length === 0, `does not end (${task.outbox.map(({ key }) => key).join()})`);
  const attempts = task.protocol === "request" ? Math.max(1, task.awards) : 1;
  const ids = Array.from({ length: attempts }, (_none, index) => (index === 0 ? task.id : `${task.id}-${index + 1}`));
  const said: MessageView[] = [];
  for (const conversation of ids) {
    said.push(...(await records.messages({ workspace: "default", conversation, limit: 1_000 })));
    const { status } = (await records.conversation("default", conversation)) ?? {};
    expect(status !== undefined && status.state !== "in-progress", `conversation is ${status?.state}`);
    if (task.state !== "done" || conversation !== ids.at(-1)) continue;
    const winners = status?.state === "completed" && status.outcome === "done" ? status.by.join() : status?.state;
    expect(winners === task.assignedTo, `conversation was won by ${winners}, the task by ${task.assignedTo}`);
  }
  const own = said.filter(({ message }) => message.sender === task.owner);
  const breaches = own.filter(({ deliveries }) => deliveries.length === 0);
  expect(
    breaches.length === 0,
    `the server said ${breaches.map(({ message }) => message.performative).join()} in breach`,
  );
  const sent = own.flatMap((view) =>
    view.deliveries.map((delivery) => ({ ...view, deliveries: [delivery], delivery })),
  );
  // A message that was answered before the server was killed may expire when it is delivered again.
  const isAnswered = ({ id }: Message) =>
    said.some(({ message }) => message.inReplyTo === id && message.sender !== "caxton");
  const taken = sent.filter(({ delivery, message }) => delivery.state === "done" || isAnswered(message));
  const heard = (name: string, isIt: (view: MessageView) => boolean) =>
    taken.some((view) => view.delivery.recipient === name && isIt(view));
  for (const { name, state, awardedAtMs, note, bid } of task.bidders) {
    const isLost = sent.some(({ delivery }) => delivery.recipient === name && delivery.state === "dead");
    expect(!isLost || (note ?? "") !== "", `a dead letter to ${name}, who is ${state}, is not reported`);
    const works = work.some(([id, worker]) => id === task.id && worker === name);
    expect(!works || awardedAtMs !== undefined, `${name} worked without an award`);
    if (task.state !== "done") continue;
    if (name === task.assignedTo) expect(heard(name, isAward), `the winner ${name} was not notified`);
    else if (isLost || state === "unreached" || !bidders.has(name)) continue;
    else if (task.auction !== undefined && task.protocol !== "auction-sealed")
      expect(
        heard(name, ({ message }) => isEnd(message)),
        `the loser ${name} was not notified`,
      );
    else if (bid !== undefined && !OUT.has(state))
      expect(
        heard(name, ({ message }) => message.performative === "reject-proposal"),
        `the loser ${name}, ${state}, was not rejected`,
      );
  }
  for (const fault of saleFaults(task, said, limits)) expect(false, fault);
  return faults;
}

const priceOf = (bid: JsonObject | undefined): number => Number(bid?.["price"] ?? Number.NaN);

/** What is wrong with the price and the winner of an auction, by what its bidders said. */
function saleFaults(task: Task, said: readonly MessageView[], limits: ReadonlyMap<string, number>): readonly string[] {
  const { auction, assignedTo: winner = "", bidders, protocol } = task;
  if (auction === undefined) return [];
  const { reserve, price = Number.NaN } = auction;
  const isBelow = protocol === "auction-dutch" && auction.calls.some((call) => call.price < reserve);
  if (task.state !== "done" || isBelow) return isBelow ? ["a price below the reserve was called"] : [];
  const faults = [
    price >= reserve ? [] : [`sold for ${price}, and the reserve is ${reserve}`],
    price <= (limits.get(winner) ?? 0) ? [] : [`${winner} pays ${price} at most ${limits.get(winner)}`],
  ];
  if (protocol === "auction-sealed") {
    const won = bidders.find(({ name }) => name === winner);
    const others = bidders.filter(({ rank }) => (rank ?? 0) > (won?.rank ?? Infinity)).map(({ bid }) => priceOf(bid));
    const best = Math.max(reserve, ...others);
    const due = auction.secondPrice ? best : priceOf(won?.bid);
    faults.push(price === due ? [] : [`sold for ${price} instead of ${due}`]);
    faults.push(priceOf(won?.bid) >= best ? [] : [`${winner} won with ${priceOf(won?.bid)} against ${best}`]);
    return faults.flat();
  }
  const calls = said.filter(({ message }) => message.performative === "cfp" && valueOf(message)["price"] === price);
  const isBid = ({ message, deliveries }: MessageView) =>
    message.sender === winner &&
    message.performative === "propose" &&
    deliveries.length > 0 &&
    calls.some((call) => call.message.id === message.inReplyTo) &&
    (protocol === "auction-dutch" ? priceOf(valueOf(message)) === price : priceOf(valueOf(message)) >= price);
  faults.push(said.some(isBid) ? [] : [`${winner} did not bid ${price} when it was called`]);
  const gone = new Set(bidders.filter(({ state }) => state === "unreached").map(({ name }) => name));
  const isBetter = (call: { readonly price: number; readonly leader?: string | undefined }) =>
    call.price > price && call.leader !== undefined && !gone.has(call.leader);
  const isOutbid = protocol === "auction-english" && auction.calls.some(isBetter);
  faults.push(isOutbid ? [`${winner} won with ${price} against a higher bid`] : []);
  return faults.flat();
}
