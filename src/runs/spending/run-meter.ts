import {
  type Amounts,
  costOf,
  explain,
  NOTHING,
  type Patience,
  type RunBudget,
  type InsufficientBudget,
  type Spend,
} from "../../agents/budgets/index.ts";
import type { Clock } from "../../kernel/clock.ts";
import type { Accounts } from "./accounts.ts";
import { type LanguageModel, type ModelRequest, type ModelToolCall, type ModelUsage } from "../../models/port/index.ts";
import {
  RUN_FAILURE_CODES,
  type RunEvent,
  type RunFailure,
  type RunJournal,
  type RunPlan,
  type RunView,
  SpendMeter,
} from "../record/index.ts";
import { answerTokens, requestTokens } from "./request-tokens.ts";
import { TimeLease } from "./time-lease.ts";
import { planTurn, type TurnPlan } from "./turn-budget.ts";

type ModelEnd = Extract<RunEvent, { type: "model-end" }>;
/** Usage that a turn is charged by. */
export type TurnUsage = {
  readonly text: string;
  readonly toolCalls: readonly ModelToolCall[];
  readonly usage: ModelUsage;
};

/** A permit to proceed, or the reason for its refusal. */
export type BudgetPermit<Granted> =
  | { readonly type: "refused"; readonly failure: RunFailure }
  | { readonly type: "stopped" }
  | ({ readonly type: "granted" } & Granted & Lease);

export type Lease = {
  /** Ends also when the budget's seconds are used up. */
  readonly signal: AbortSignal;
  /** Why `signal` was aborted, when it was the budget that did it. */
  readonly cut: () => RunFailure | undefined;
  /** Gives back what was reserved and not used. May be called twice. */
  readonly release: () => void;
};
export type TurnCost = NonNullable<ModelEnd["cost"]>;
export type TurnPermit = BudgetPermit<{
  readonly request: ModelRequest;
  /** The answer was asked to be shorter than it might be. */
  readonly limited: ModelEnd["limited"];
  /** Charges the cost of the answer. Tokens that the provider did not report are estimated. */
  readonly charge: (answer: TurnUsage) => TurnCost | Promise<TurnCost>;
}>;

/** The meter as execution uses it. */
export type Meter = Pick<RunMeter, "forTurn" | "forCalls" | "forFuel" | "limitsCalls">;

const UNTIMED = { cut: () => undefined, release: () => undefined } as const;

/** Budget control of one attempt of a run: reserves before each call, and counts what is journaled. */
export class RunMeter implements Disposable {
  readonly #accounts: Accounts;
  readonly #budget: RunBudget;
  readonly #clock: Clock;
  readonly #spends: SpendMeter;
  /** Running work is charged to the day on which it was reserved. */
  #day: string;
  readonly #releases = new Set<() => void>();
  /** Input tokens that the provider counted beyond the estimate in the previous turn. */
  #missed = 0;
  #estimated = 0;

  constructor(
    deps: { accounts: Accounts; budget: RunBudget; clock: Clock },
    run: { workspace: string; agent: string },
  ) {
    this.#accounts = deps.accounts;
    this.#budget = deps.budget;
    this.#clock = deps.clock;
    this.#spends = new SpendMeter(run, deps.clock.nowMs());
    this.#day = deps.budget.today();
  }

  spendOf(event: RunEvent, atMs: number): Spend | undefined {
    return this.#spends.spendOf(event, atMs, this.#day);
  }

  readonly uncountedMs = (): number => this.#spends.uncountedMs(this.#clock.nowMs());

  spent(spend: Spend): void {
    this.#budget.spent(spend);
  }

  /** Leave for one turn of a model; `toolTokens` is what the descriptions of the tools take. */
  async forTurn(
    model: LanguageModel,
    request: ModelRequest,
    toolTokens: number,
    signal: AbortSignal,
  ): Promise<TurnPermit> {
    this.#day = this.#budget.today();
    const charge = (answer: TurnUsage): TurnCost => this.#costOf(model.id, request, toolTokens, answer);
    if (!this.#budget.limits("tokens", "usd", "seconds"))
      return { type: "granted", request, limited: undefined, signal, charge, ...UNTIMED };
    const price = this.#accounts.prices.priceOf(model.id);
    if (price === undefined && this.#accounts.unknownPrice === "refuse" && this.#budget.limits("usd"))
      return {
        type: "refused",
        failure: priceUnknown(model.id, this.#budget.shortageOf("usd", Number.MAX_SAFE_INTEGER)),
      };
    this.#estimated = requestTokens(request, toolTokens);
    const question = {
      price,
      inputTokens: this.#estimated + this.#missed,
      outputTokensMax: request.settings.outputTokensMax,
      outputTokensDefault: Math.min(
        this.#accounts.outputTokensMax,
        price?.output_tokens_max ?? model.limits?.outputTokens ?? Number.MAX_SAFE_INTEGER,
      ),
    };
    const plan = planTurn(question, this.#budget, "used");
    if (plan.type === "short") return refused(plan.shortage);
    const first = await this.#reserve(plan.amounts, signal, "waiting");
    if (first.type !== "refused") return granted(first, plan, { request, charge });
    // Others hold what is left, for longer than was waited: a shorter answer may fit beside them.
    const shorter = planTurn(question, this.#budget, "used and reserved");
    if (shorter.type === "short") return first;
    return granted(await this.#reserve(shorter.amounts, signal, "at once"), shorter, { request, charge });
  }

  /** Whether a tool call may have to wait for a budget before it begins. */
  get limitsCalls(): boolean {
    return this.#budget.limits("tool_calls", "seconds", "fuel");
  }

  /** Leave for the tool calls of one turn. */
  async forCalls(count: number, signal: AbortSignal, how: Patience): Promise<BudgetPermit<object>> {
    this.#day = this.#budget.today();
    if (count === 0 || !this.#budget.limits("tool_calls", "seconds")) return { type: "granted", signal, ...UNTIMED };
    return this.#reserve({ ...NOTHING, tool_calls: count }, signal, how);
  }

  /** Leave for the fuel of one call. */
  async forFuel(fuelOf: () => number, signal: AbortSignal, how: Patience): Promise<BudgetPermit<object>> {
    if (!this.#budget.limits("fuel")) return { type: "granted", signal, ...UNTIMED };
    const reserving = await this.#budget.reserve({ ...NOTHING, fuel: fuelOf() }, signal, how);
    if (reserving.type === "short") return refused(reserving.shortage);
    if (reserving.type === "stopped") return reserving;
    return { type: "granted", signal, cut: () => undefined, release: () => this.#budget.release(reserving.id) };
  }

  #costOf(model: string, request: ModelRequest, toolTokens: number, answer: TurnUsage): TurnCost {
    const { usage } = answer;
    const price = this.#accounts.prices.priceOf(model);
    if (usage.inputTokens !== undefined && this.#estimated > 0)
      this.#missed = Math.max(0, usage.inputTokens - this.#estimated);
    const inputTokens = usage.inputTokens ?? requestTokens(request, toolTokens);
    const outputTokens = usage.outputTokens ?? answerTokens(answer);
    const billed = {
      input: inputTokens,
      cachedInput: usage.cachedInputTokens ?? 0,
      cacheWrite: usage.cacheWriteTokens ?? 0,
      output: outputTokens,
    };
    return {
      usdMicros: price === undefined ? null : costOf(price, billed),
      price: price?.entry ?? null,
      inputTokens,
      outputTokens,
      estimated: usage.inputTokens === undefined || usage.outputTokens === undefined,
    };
  }

  async #reserve(amounts: Amounts, signal: AbortSignal, how: Patience): Promise<BudgetPermit<object>> {
    const reserving = await this.#budget.reserve(amounts, signal, how);
    if (reserving.type === "short") return refused(reserving.shortage);
    if (reserving.type === "stopped") return reserving;
    this.#day = reserving.day;
    const { uncountedMs } = this;
    const lease = new TimeLease({ budget: this.#budget, clock: this.#clock, uncountedMs });
    const release = (): void => {
      lease.end();
      this.#budget.release(reserving.id);
      this.#releases.delete(release);
    };
    this.#releases.add(release);
    const begun = await lease.start(signal, how);
    if (begun !== "begun") {
      release();
      return begun === "stopped" ? { type: "stopped" } : refused(begun);
    }
    return {
      type: "granted",
      signal: lease.signal === undefined ? signal : AbortSignal.any([signal, lease.signal]),
      cut: () => (lease.shortage === undefined || signal.aborted ? undefined : refused(lease.shortage).failure),
      release,
    };
  }

  [Symbol.dispose](): void {
    for (const release of this.#releases) release();
    this.#budget[Symbol.dispose]();
  }
}

const granted = (
  permit: BudgetPermit<object>,
  { outputTokensMax, limited }: Extract<TurnPlan, { type: "fits" }>,
  { request, charge }: Pick<Extract<TurnPermit, { type: "granted" }>, "request" | "charge">,
): TurnPermit =>
  permit.type === "granted"
    ? { ...permit, request: { ...request, settings: { ...request.settings, outputTokensMax } }, limited, charge }
    : permit;

const refused = (shortage: InsufficientBudget): { readonly type: "refused"; readonly failure: RunFailure } => ({
  type: "refused",
  failure: { code: RUN_FAILURE_CODES.budgetExceeded, ...explain(shortage) },
});

const priceUnknown = (model: string, shortage: InsufficientBudget | undefined): RunFailure => ({
  code: RUN_FAILURE_CODES.priceUnknown,
  message: `no price is configured for ${model}, and ${shortage?.limit.key ?? "a budget"} of ${shortage?.scope ?? "this run"} limits USD`,
  hint: `Give its price in the file that models.prices_file names, or set budgets.unknown_price = "allow", or take ${shortage?.limit.key ?? "the limit"} out of ${shortage?.limit.file ?? "its file"}.`,
});

type MeterDeps = { readonly accounts: Accounts; readonly journal: RunJournal; readonly clock: Clock };

/** The meter of an attempt of a run that goes by this plan. */
export function createMeter(
  { accounts, journal, clock }: MeterDeps,
  { id, workspace, agent, attempt }: RunView,
  { budget }: RunPlan,
): RunMeter {
  const limits = budget ?? { run: {}, agent: {} };
  // A run that begins has used nothing, and one without limits of its own is not asked; its row need not be read for that.
  const isAsked = attempt > 0 && Object.values(limits.run).some((limit) => limit !== undefined);
  const used = isAsked ? (journal.spent(id) ?? NOTHING) : NOTHING;
  const above = (budget?.above ?? []).map((run) => ({ ...run, used: () => journal.spent(run.id) ?? NOTHING }));
  const run = { id, workspace, agent, limits, used, above };
  return new RunMeter({ accounts, budget: accounts.budgets.open(run), clock }, run);
}
