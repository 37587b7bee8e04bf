import * as z from "zod";
import { STRATEGIES } from "./context-settings.ts";
import { sizeText } from "../../../text/documents/index.ts";
import { TOOL_ENTRY } from "../rules.ts";

const tokens = (min: number) => z.int().min(min).max(10_000_000).optional();
const rounds = z
  .int()
  .refine((count) => count === 0 || (count >= 2 && count <= 20), { error: "expected 0 (off), or 2 to 20" })
  .optional();

/** `[context]`: how an agent's requests are kept within its model's window. */
export const ContextTable = z
  .strictObject({
    strategy: z
      .enum(STRATEGIES)
      .optional()
      .meta({
        description:
          "Handling of the oldest turns that no longer fit: summarize (a summary replaces them), sliding (left out), full (unchanged; the run fails)",
        examples: ["summarize"],
      }),
    window: tokens(1_000).meta({
      description: "Tokens of request and answer together, when less than the model takes",
      examples: [16_000],
    }),
    output_reserve: tokens(1).meta({ description: "Tokens kept free for the answer; default: llm.max_tokens" }),
    keep_turns: z
      .int()
      .min(1)
      .max(100)
      .optional()
      .meta({ description: "Newest turns that are shortened last; default 4", examples: [4] }),
    history_tokens: tokens(1_000).meta({
      description: "Tokens of earlier turns of a thread in a request, at most; default 48000",
      examples: [48_000],
    }),
    summary_tokens: z
      .int()
      .min(100)
      .max(20_000)
      .optional()
      .meta({ description: "Longest summary; default 1000", examples: [1000] }),
  })
  .meta({ description: "What of a long dialogue the model is given" });

/** `[limits]`: when a run is taken to go wrong. */
export const LimitsTable = z
  .strictObject({
    repeated_calls: rounds.meta({
      description:
        "Same calls with the same results in a row after which the run fails when they are asked for again; 0 is off; default 3",
      examples: [3],
    }),
    ping_pong: rounds.meta({
      description: "The same for rounds of two to four turns that alternate; 0 is off; default 3",
      examples: [3],
    }),
    repeat_allowed: z
      .array(z.string().regex(TOOL_ENTRY, { error: 'expected "server", "server.tool" or "*"' }))
      .optional()
      .meta({ description: "Tools to which that does not apply, such as those that poll", examples: [["queue.poll"]] }),
    output_bytes: sizeText({ minBytes: 1_024, maxBytes: 64 * 1024 ** 2 })
      .optional()
      .meta({
        description: "Longest answer of one turn; a longer one is broken off; default 4MiB",
        examples: ["4MiB"],
      }),
    argument_bytes: sizeText({ minBytes: 256, maxBytes: 16 * 1024 ** 2 })
      .optional()
      .meta({
        description: "Longest arguments of one call; a longer one is refused; default 256KiB",
        examples: ["256KiB"],
      }),
  })
  .meta({ description: "When a run is taken to go wrong" });
