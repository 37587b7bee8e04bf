import * as z from "zod";
import { ContextTable, DEFAULT_CONTEXT, LimitsTable } from "../../agents/definitions/index.ts";

/** `[context]` of caxton.toml: for definitions that do not say. */
export const ServerContextTable = z
  .strictObject({
    ...ContextTable.shape,
    default_window: z
      .int()
      .min(1_000)
      .max(10_000_000)
      .default(DEFAULT_CONTEXT.defaultWindowTokens)
      .meta({ description: "Tokens that a model takes of which nobody knows it" }),
  })
  .prefault({});

/** `[limits]` of caxton.toml: for definitions that do not say. */
export const ServerLimitsTable = LimitsTable.prefault({});
