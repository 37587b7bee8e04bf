import * as z from "zod";
import { SEARCH_DEFAULTS, type SearchDefaults } from "../memory/index.ts";

const share = (standard: number, description: string) =>
  z.number().min(0).max(1).default(standard).meta({ description });
const BOOST_MAX = 10;

/** `[memory]` of `caxton.toml`. */
export const ServerMemoryTable = z
  .strictObject({
    synchronous: z.enum(["normal", "full"]).default("full").meta({
      description:
        "What remembered means: full, on disk through a power cut; normal, through the end of the process only",
    }),
    min_similarity: share(
      SEARCH_DEFAULTS.similarityMin,
      "Cosine of question and passage below which nearness in meaning does not count, where a search does not say",
    ),
    keyword_weight: share(SEARCH_DEFAULTS.keywordWeight, "What a full match of the words adds to the cosine"),
    recency_boost: z.number().min(1).max(BOOST_MAX).default(SEARCH_DEFAULTS.recencyBoost).meta({
      description:
        "By what the score of something changed at this moment is multiplied; what it is above 1 halves each day",
    }),
  })
  .prefault({})
  .meta({ description: "What agents remember, and how it is found" });

export const searchDefaults = (table: z.output<typeof ServerMemoryTable>): SearchDefaults => ({
  similarityMin: table.min_similarity,
  keywordWeight: table.keyword_weight,
  recencyBoost: table.recency_boost,
});
