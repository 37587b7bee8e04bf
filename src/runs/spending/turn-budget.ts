import {
  type Amounts,
  costAtMost,
  NOTHING,
  outputWithin,
  type Price,
  type RunBudget,
  type InsufficientBudget,
} from "../../agents/budgets/index.ts";

/** Estimates may be too low by about this much. */
const ESTIMATE_MARGIN = 1.2;
/** An answer shorter than this is not worth its input. */
const OUTPUT_TOKENS_MIN = 256;

export type TurnPlan =
  | { readonly type: "short"; readonly shortage: InsufficientBudget }
  | {
      readonly type: "fits";
      /** Without time. */
      readonly amounts: Amounts;
      /** The limit that the model gets for its output. */
      readonly outputTokensMax: number;
      /** Set when that is less than it would be without a budget. */
      readonly limited: { readonly outputTokensMax: number; readonly key: string; readonly file: string } | undefined;
    };

type TurnQuestion = {
  readonly price: Price | undefined;
  /** An estimate. */
  readonly inputTokens: number;
  readonly outputTokensMax: number | undefined;
  readonly outputTokensDefault: number;
};

/** Amounts to reserve for a turn: the maximum output of the definition, or the remaining budget. */
export function planTurn(
  { price, inputTokens, outputTokensMax, outputTokensDefault }: TurnQuestion,
  budget: Pick<RunBudget, "left" | "shortageOf">,
  counting: "used" | "used and reserved",
): TurnPlan {
  const input = Math.ceil(inputTokens * ESTIMATE_MARGIN);
  const wanted = outputTokensMax ?? outputTokensDefault;
  const minimum = Math.min(wanted, OUTPUT_TOKENS_MIN);
  const tokensLeft = budget.left("tokens", counting);
  const usdLeft = price === undefined ? undefined : budget.left("usd", counting);
  const byTokens = tokensLeft === undefined ? wanted : tokensLeft - input;
  const byUsd = price === undefined || usdLeft === undefined ? wanted : outputWithin(price, input, usdLeft);
  const usd = (output: number) => (price === undefined ? 0 : costAtMost(price, input, output));
  const output = Math.min(wanted, byTokens, byUsd);
  const narrow = byUsd < byTokens ? (["usd", usd] as const) : (["tokens", (tokens: number) => input + tokens] as const);
  const [kind, need] = narrow;
  if (output < minimum) {
    const shortage = budget.shortageOf(kind, need(minimum));
    // What others hold is in the way: there is nothing to plan with now.
    return { type: "short", shortage: shortage ?? held(budget, kind, need(minimum)) };
  }
  const tightest =
    output < wanted ? (budget.shortageOf(kind, need(output + 1)) ?? held(budget, kind, need(output + 1))) : undefined;
  return {
    type: "fits",
    amounts: { ...NOTHING, tokens: input + output, usd: usd(output) },
    outputTokensMax: output,
    limited: tightest && { outputTokensMax: output, key: tightest.limit.key, file: tightest.limit.file },
  };
}

function held(budget: Pick<RunBudget, "shortageOf">, kind: "usd" | "tokens", needed: number): InsufficientBudget {
  const any = budget.shortageOf(kind, Number.MAX_SAFE_INTEGER);
  if (any === undefined) throw new Error("a budget that is short has a limit");
  return { ...any, needed, mayFitLater: true };
}
