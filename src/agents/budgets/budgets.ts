import type { Clock } from "../../kernel/clock.ts";
import { type Amounts, BUDGET_KINDS, type BudgetKind, type Limit, type Limits } from "./amounts.ts";
import { BudgetTree, type Claim, type Level, type Reserving, type InsufficientBudget } from "./budget-tree.ts";
import type { Calendar, Day } from "./day.ts";
import { amountsOf, type Spend, type SpendStore } from "./spend.ts";

export type BudgetsDeps = { readonly store: SpendStore; readonly clock: Clock; readonly calendar: Calendar };
export type BudgetsOptions = {
  /** Of one workspace in one day, for each of them. */
  readonly workspace: Limits;
  /** Of the whole server in one day. */
  readonly day: Limits;
  /** How long a call waits for room that others have reserved, before it is refused. */
  readonly waitMs: number;
};

/** A run as its budgets see it. */
export type BudgetedRun = {
  readonly id: string;
  readonly workspace: string;
  readonly agent: string;
  /** Of this run, and of all runs of its agent in one day. */
  readonly limits: { readonly run: Limits; readonly agent: Limits };
  /** The runs that were handed off to it or that it works for, nearest first: what it uses counts for them too. */
  readonly above?: readonly BudgetAbove[];
  /** By this run, before now. */
  readonly used: Amounts;
};

type BudgetAbove = {
  readonly id: string;
  readonly agent: string;
  readonly limits: Limits;
  /** All that is left is for the run, and not a part of it. */
  readonly isWhole?: boolean | undefined;
  /** By the run and those below it, before now. */
  readonly used: () => Amounts;
};

export type Scope =
  | { readonly type: "agent"; readonly workspace: string; readonly agent: string }
  | { readonly type: "workspace"; readonly workspace: string }
  | { readonly type: "day" };

/**
 * The budgets of this server: run, its agent's day, its workspace's day, the server's day.
 * What was used is what the journal's spend table says, read when a day's node is first needed and kept up by each spend
 * that was written; what is reserved is in memory only, so a stop of the server gives all of it back.
 */
export class Budgets {
  readonly calendar: Calendar;
  readonly options: BudgetsOptions;
  readonly #tree = new BudgetTree();
  readonly #store: SpendStore;
  readonly #clock: Clock;
  /** Runs that are counted, each with the number of those that count for it. */
  readonly #open = new Map<string, number>();
  #released = Promise.withResolvers<void>();
  #day: Day = "";

  constructor({ store, clock, calendar }: BudgetsDeps, options: BudgetsOptions) {
    this.#store = store;
    this.#clock = clock;
    this.calendar = calendar;
    this.options = options;
  }

  today(): Day {
    return this.calendar.dayOf(this.#clock.nowMs());
  }

  /** Begins to count a run; dispose of what comes back when it is out of this process's hands. */
  open(run: BudgetedRun): RunBudget {
    const node = runNode(run.id);
    const above = run.above ?? [];
    const opened = [node, ...above.map(({ id }) => runNode(id))];
    this.#tree.open(node, () => run.used);
    for (const { id, used } of above) this.#tree.open(runNode(id), used);
    for (const each of opened) this.#open.set(each, (this.#open.get(each) ?? 0) + 1);
    const shared = this.#sharedWith(run);
    const end = (): void => {
      for (const each of opened) {
        const others = (this.#open.get(each) ?? 1) - 1;
        if (others > 0) this.#open.set(each, others);
        else {
          this.#open.delete(each);
          this.#tree.close((other) => other === each);
        }
      }
    };
    return new RunBudget(
      { tree: this.#tree, clock: this.#clock, waitMs: this.options.waitMs },
      {
        path: () => [...shared, ...this.#pathOf(run, node)],
        nodes: (day) => [...opened, ...scopesOf(run).map((scope) => nodeOf(scope, day))],
        today: () => this.today(),
        released: () => this.#released.promise,
        release: (id) => {
          this.#tree.release(id);
          this.#wake();
        },
        end,
      },
    );
  }

  /** What is used and reserved today. */
  level(scope: Scope): Level {
    return this.#tree.level(this.#openDay(scope, this.today()));
  }

  /** What the runs above have left is shared: one run below them gets at most a part of it. */
  #sharedWith({ id, above: all = [] }: BudgetedRun): readonly Claim[] {
    const above = all.filter(({ isWhole }) => isWhole !== true);
    const claims = above.map((run) => ({ node: runNode(run.id), scope: "", limits: run.limits }));
    const limits: { [Kind in BudgetKind]?: Limit } = {};
    for (const kind of BUDGET_KINDS) {
      const left = this.#tree.left(claims, kind, "used and reserved");
      const limit = above.find((run) => run.limits[kind] !== undefined)?.limits[kind];
      if (left === undefined || limit === undefined) continue;
      limits[kind] = { ...limit, max: this.#tree.level(runNode(id)).used[kind] + Math.floor(left * SHARE) };
    }
    const [nearest] = above;
    return nearest === undefined ? [] : [{ node: runNode(id), scope: `the share of agent ${nearest.agent}`, limits }];
  }

  #pathOf({ workspace, agent, limits, above = [] }: BudgetedRun, node: string): readonly Claim[] {
    const day = this.today();
    return [
      { node, scope: `agent ${agent}`, limits: limits.run },
      ...above.map((run) => ({ node: runNode(run.id), scope: `agent ${run.agent}`, limits: run.limits })),
      { node: this.#openDay({ type: "agent", workspace, agent }, day), scope: `agent ${agent}`, limits: limits.agent },
      {
        node: this.#openDay({ type: "workspace", workspace }, day),
        scope: `workspace ${workspace}`,
        limits: this.options.workspace,
      },
      { node: this.#openDay({ type: "day" }, day), scope: "this server", limits: this.options.day },
    ];
  }

  #openDay(scope: Scope, day: Day): string {
    if (day > this.#day) {
      this.#day = day;
      // Nodes of days that are over stay only as long as something of them is reserved.
      this.#tree.close((node) => !this.#open.has(node) && !node.startsWith(day));
      this.#wake();
    }
    const node = nodeOf(scope, day);
    this.#tree.open(node, () => this.#store.total({ ...scope, day }));
    return node;
  }

  /** Forgets what a workspace that is deleted has spent. */
  deleteWorkspace(workspace: string): void {
    const ends = [` workspace ${workspace}`, ` agent ${workspace} `];
    this.#tree.close((node) => !this.#open.has(node) && (node.endsWith(ends[0] ?? "") || node.includes(ends[1] ?? "")));
  }

  #wake(): void {
    const { resolve } = this.#released;
    this.#released = Promise.withResolvers<void>();
    resolve();
  }
}

const runNode = (id: string): string => `run ${id}`;

/** Part of what is left of a run's budget that one run below it may use. */
const SHARE = 0.5;

const scopesOf = ({ workspace, agent }: BudgetedRun): readonly Scope[] => [
  { type: "agent", workspace, agent },
  { type: "workspace", workspace },
  { type: "day" },
];

const nodeOf = (scope: Scope, day: Day): string => {
  switch (scope.type) {
    case "agent":
      return `${day} agent ${scope.workspace} ${scope.agent}`;
    case "workspace":
      return `${day} workspace ${scope.workspace}`;
    case "day":
      return `${day} server`;
  }
};

type BudgetDeps = {
  readonly path: () => readonly Claim[];
  readonly nodes: (day: Day) => readonly string[];
  readonly today: () => Day;
  readonly released: () => Promise<void>;
  readonly release: (id: number) => void;
  readonly end: () => void;
};

/** Whether room in a budget is waited for while others hold it. */
export type Patience = "waiting" | "at once";

export type RunReserving =
  | { readonly type: "reserved"; readonly id: number; readonly day: Day }
  | { readonly type: "short"; readonly shortage: InsufficientBudget }
  | { readonly type: "stopped" };

/** The budgets above one run. What it gives and takes is plain data. */
export class RunBudget implements Disposable {
  readonly #tree: BudgetTree;
  readonly #clock: Clock;
  readonly #waitMs: number;
  readonly #deps: BudgetDeps;
  readonly #held = new Set<number>();

  constructor(deps: { tree: BudgetTree; clock: Clock; waitMs: number }, budgetDeps: BudgetDeps) {
    this.#tree = deps.tree;
    this.#clock = deps.clock;
    this.#waitMs = deps.waitMs;
    this.#deps = budgetDeps;
  }

  /** Whether any budget above the run limits one of these kinds. */
  limits(...kinds: readonly BudgetKind[]): boolean {
    return this.#deps.path().some(({ limits }) => kinds.some((kind) => limits[kind] !== undefined));
  }

  /** How much of a kind is left at most; undefined when nothing limits it. */
  left(kind: BudgetKind, counting: "used" | "used and reserved"): number | undefined {
    return this.#tree.left(this.#deps.path(), kind, counting);
  }

  /** Where `needed` of a kind does not fit even if nothing else is reserved; undefined when it does. */
  shortageOf(kind: BudgetKind, needed: number): InsufficientBudget | undefined {
    for (const { node, scope, limits } of this.#deps.path()) {
      const limit = limits[kind];
      const { used, reserved } = this.#tree.level(node);
      if (limit !== undefined && used[kind] + needed > limit.max) {
        return { kind, scope, limit, used: used[kind], reserved: reserved[kind], needed, mayFitLater: false };
      }
    }
    return undefined;
  }

  /** Reserves at once, or says where there is no room. */
  tryReserve(amounts: Amounts): Exclude<RunReserving, { type: "stopped" }> {
    const { path, today } = this.#deps;
    const day = today();
    const reserving: Reserving = this.#tree.reserve(path(), amounts);
    if (reserving.type === "short") return reserving;
    this.#held.add(reserving.id);
    return { ...reserving, day };
  }

  /** Reserves. If only what others have reserved is in the way, waits for a while unless `how` is `at once`. */
  async reserve(amounts: Amounts, signal: AbortSignal, how: Patience = "waiting"): Promise<RunReserving> {
    const first = this.tryReserve(amounts);
    const waits = first.type === "short" && first.shortage.mayFitLater && how === "waiting";
    if (!waits || this.#waitMs === 0) return first;
    const timer = new AbortController();
    const over = this.#clock.sleep(this.#waitMs, AbortSignal.any([timer.signal, signal])).then(
      () => "over" as const,
      () => "over" as const,
    );
    try {
      for (;;) {
        const released = this.#deps.released().then(() => "released" as const);
        const next = await Promise.race([released, over]);
        if (signal.aborted) return { type: "stopped" };
        const again = this.tryReserve(amounts);
        if (again.type === "reserved" || !again.shortage.mayFitLater || next === "over") return again;
      }
    } finally {
      timer.abort("room was found or not");
    }
  }

  /** Gives back what was reserved; nothing when it was given back already. */
  release(id: number): void {
    if (this.#held.delete(id)) this.#deps.release(id);
  }

  /** Counts a spend that is on disk. */
  spent(spend: Spend): void {
    this.#tree.spend(this.#deps.nodes(spend.day), amountsOf(spend), this.#held);
  }

  /** The day that is charged for what is not reserved. */
  today(): Day {
    return this.#deps.today();
  }

  [Symbol.dispose](): void {
    for (const id of this.#held) this.release(id);
    this.#deps.end();
  }
}
