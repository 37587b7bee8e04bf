import type * as z from "zod";
import {
  type AgentDefinition,
  type ContextTable,
  DEFAULT_CONTEXT,
  type LimitsTable,
} from "../../agents/definitions/index.ts";
import { DEFAULT_LOOP_GUARD, DEFAULT_OUTPUT_LIMITS, type RunPlan } from "../record/index.ts";

/** The server's settings of context and limits, for definitions that have none of their own. */
export type CareConfig = {
  readonly context: z.output<typeof ContextTable> & { readonly default_window: number };
  readonly limits: z.output<typeof LimitsTable>;
};

/** Merges the context settings and limits of a definition with the server's defaults. */
export function careOf(
  { context, limits }: Pick<AgentDefinition, "context" | "limits">,
  server: CareConfig,
): Required<Pick<RunPlan, "context" | "loops" | "sizes">> {
  const chosen = { ...server.context, ...context };
  const bounds = { ...server.limits, ...limits };
  const historyTokensMax = chosen.history_tokens ?? DEFAULT_CONTEXT.historyTokensMax;
  return {
    context: {
      strategy: chosen.strategy ?? DEFAULT_CONTEXT.strategy,
      windowTokens: chosen.window,
      defaultWindowTokens: server.context.default_window,
      reserveTokens: chosen.output_reserve,
      keepTurns: chosen.keep_turns ?? DEFAULT_CONTEXT.keepTurns,
      historyTokensMax,
      // The rest is for the turns that it does not cover.
      summaryTokensMax: Math.min(
        chosen.summary_tokens ?? DEFAULT_CONTEXT.summaryTokensMax,
        Math.floor(historyTokensMax / 2),
      ),
    },
    loops: {
      repeatedCalls: bounds.repeated_calls ?? DEFAULT_LOOP_GUARD.repeatedCalls,
      pingPong: bounds.ping_pong ?? DEFAULT_LOOP_GUARD.pingPong,
      repeatAllowed: [...(server.limits.repeat_allowed ?? []), ...(limits.repeat_allowed ?? [])],
    },
    sizes: {
      outputBytesMax: bounds.output_bytes ?? DEFAULT_OUTPUT_LIMITS.outputBytesMax,
      argumentBytesMax: bounds.argument_bytes ?? DEFAULT_OUTPUT_LIMITS.argumentBytesMax,
    },
  };
}
