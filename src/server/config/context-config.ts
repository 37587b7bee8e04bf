import * as z from "zod";
import { ContextTable, DEFAULT_CONTEXT, LimitsTable } from "../../agents/definitions/index.ts";

/** `[context]` of caxton.toml: defaults of definitions. */
export const ServerContextTable = z
  .strictObject({
    ...ContextTable.shape,
    default_window: z
      .int()
      .min(1_000)
      .max(10_000_000)
      .default(DEFAULT_CONTEXT.defaultWindowTokens)
      .meta({ description: "Context window assumed for unknown models, in tokens" }),
  })
  .prefault({});

/** `[limits]` of caxton.toml: defaults of definitions. */
export const GuardLimitsTable = LimitsTable.prefault({});
