import { TimerQueue } from "../../../src/kernel/async/timer-queue.ts";
import { Database, SqliteTaskStore } from "../../../src/storage/index.ts";
import { type Json } from "../../../src/kernel/json.ts";
import { composeReply, type Message, type Performative } from "../../../src/messaging/acl/index.ts";
import { type Delivered, type Router, type Settlement, taken } from "../../../src/messaging/router/index.ts";
import {
  TASK_DEFAULTS,
  TASKS_PARTICIPANT,
  type Task,
  type TaskRequest,
  type TaskStore,
  Tasks,
  type TasksDeps,
  type TasksOptions,
} from "../../../src/messaging/tasks/index.ts";
import { ManualClock } from "../../helpers/manual-clock.ts";
import { MemoryDisk, MemoryMessageJournal } from "../../helpers/memory-message-journal.ts";
import { openWorld, TestDirectory, until } from "../router/world.ts";

type Post = Pick<TasksDeps["router"], "submit">;

/**
 * What a bidder does with a message: the act and content of its answer, or nothing. `breaks` rejects the message for good, `fails`
 * lets each attempt fail.
 */
export type Reaction = (
  message: Message,
) =>
  | readonly [Performative, Json, (Partial<Message> & { readonly delayMs?: number })?]
  | "breaks"
  | "fails"
  | undefined;

const contentOf = (value: Json): Message["content"] =>
  typeof value === "string" ? { type: "text", text: value } : { type: "json", value };

const NO_OPTIONS: Partial<TasksOptions> = {};

/** Bidders, a router and tasks in a database of their own; only time and the message journal's disk are not real. */
export class Market implements AsyncDisposable {
  readonly clock: ManualClock;
  readonly tasks: Tasks;
  readonly router: Router;
  readonly heard: Message[] = [];
  readonly disk: MemoryDisk;
  readonly #people: TestDirectory;
  readonly #attached = new Map<string, Disposable>();
  readonly #stack: AsyncDisposableStack;

  private constructor(
    parts: Pick<Market, "clock" | "tasks" | "router" | "disk">,
    people: TestDirectory,
    stack: AsyncDisposableStack,
  ) {
    this.clock = parts.clock;
    this.tasks = parts.tasks;
    this.router = parts.router;
    this.disk = parts.disk;
    this.#people = people;
    this.#stack = stack;
  }

  static async open(
    directory: string,
    bidders: Readonly<Record<string, Reaction>>,
    {
      disk = new MemoryDisk(),
      clock = new ManualClock(),
      wrap = (post: Post) => post,
      wrapStore = (store: TaskStore) => store,
      beforeCommit = async () => {},
      options = NO_OPTIONS,
    } = {},
  ): Promise<Market> {
    await using stack = new AsyncDisposableStack();
    const people = new TestDirectory("ann", ...Object.keys(bidders));
    for (const name of Object.keys(bidders)) people.provide(name, "analysis");
    const database = stack.use(Database.open({ directory, synchronous: "normal" }));
    const life = { isOver: false };
    const world = await openWorld({
      clock,
      disk,
      directory: people,
      isAttached: false,
      journal: new MemoryMessageJournal(disk, async () => {
        if (life.isOver) throw new Error("this server has ended");
        await beforeCommit();
      }),
    });
    // Timers of a router outlive it here, and must not write over what the next one wrote.
    stack.defer(() => world.router.close(0).then(() => void (life.isOver = true)));
    const alarm = stack.use(new TimerQueue(clock));
    const store = wrapStore(new SqliteTaskStore(database));
    const post = wrap(world.router);
    const tasks = new Tasks({
      store,
      router: { submit: (message) => post.submit(message), records: world.router.records },
      taken: (...delivery) => taken(world.router, ...delivery),
      directory: people,
      clock,
      alarm,
      options: { ...TASK_DEFAULTS, ...options },
      attach: (workspace, handler) => void world.router.attach(workspace, TASKS_PARTICIPANT, handler),
    });
    const market = new Market({ clock, tasks, router: world.router, disk }, people, stack.move());
    for (const [name, react] of Object.entries(bidders)) {
      const handler = { handle: async ({ message }: Delivered) => market.#react(name, react, { message, alarm }) };
      market.#attached.set(name, world.router.attach("default", name, handler));
    }
    tasks.resume(["default"]);
    return market;
  }

  /** The bidder is deleted, as a program is. */
  async remove(name: string): Promise<void> {
    this.#people.remove(name);
    this.#attached.get(name)?.[Symbol.dispose]();
    this.#attached.delete(name);
    await this.router.removed("default", name);
  }

  async #react(
    name: string,
    react: Reaction,
    { message, alarm }: { readonly message: Message; readonly alarm: TimerQueue },
  ): Promise<Settlement> {
    this.heard.push(message);
    const reaction = react(message);
    if (reaction === "breaks") return { type: "rejected", code: "BROKEN", reason: "it broke" };
    if (reaction === "fails") return { type: "failed", reason: "it failed" };
    if (reaction === undefined) return { type: "done" };
    const [performative, content, { delayMs, ...rest } = {}] = reaction;
    const value = contentOf(content);
    const answer = async () => {
      if (!this.#attached.has(name)) return;
      const draft = { performative, sender: name, content: value, atMs: this.clock.nowMs(), ...rest };
      const reply = composeReply(message, draft);
      await this.router.submit({ ...reply, address: rest.address ?? reply.address });
    };
    if (delayMs === undefined) await answer();
    else alarm.at(this.clock.monotonicMs() + delayMs, () => void answer());
    return { type: "done" };
  }

  /** What bidders heard, as `"bob cfp"`, in order. */
  get story(): readonly string[] {
    return this.heard.map(
      ({ address, performative }) => `${performative} ${address.type === "receivers" ? address.names.join(",") : ""}`,
    );
  }

  async run(request: Partial<TaskRequest>): Promise<Task> {
    const task = await this.tasks.create({
      workspace: "default",
      owner: "ann",
      name: "count",
      capabilities: ["analysis"],
      ...request,
    });
    return this.tasks.distribute("default", task.id);
  }

  /** The task once it is so; time does not pass. */
  async when(task: Task, isSo: (task: Task) => boolean): Promise<Task> {
    await until(() => isSo(this.now(task)));
    return this.now(task);
  }

  now({ id }: Task): Task {
    return this.tasks.get("default", id);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

/** Unchanged, but answers the sender of the message instead of its `reply_to`. */
export const toSender =
  (reaction: Reaction): Reaction =>
  (message) => {
    const answer = reaction(message);
    if (answer === undefined || typeof answer === "string") return answer;
    const [performative, content, rest] = answer;
    return [performative, content, { ...rest, address: { type: "receivers", names: [message.sender] } }];
  };

/** Proposes that cost and does it once it may, or does not. */
export const bids =
  (cost: number, outcome: readonly ["inform" | "failure", Json] | "silence" = ["inform", "done"]): Reaction =>
  ({ performative }) => {
    if (performative === "cfp") return ["propose", { cost, seconds: 1, confidence: 1 }];
    const isAwarded = performative === "accept-proposal" || performative === "request";
    return isAwarded && outcome !== "silence" ? outcome : undefined;
  };
