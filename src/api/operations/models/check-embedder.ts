import type { Clock } from "../../../kernel/clock.ts";
import { CaxtonError } from "../../../kernel/errors.ts";
import type { Embedder } from "../../../memory/knowledge/index.ts";
import type { ModelCheck } from "../../contract/index.ts";
import { NOTHING } from "./check-model.ts";

const SAID = "The cat sleeps on the sofa.";
const ALIKE = "A kitten is napping on the couch.";
const OTHER = "Interest rates rose in the third quarter.";

/** Whether an embedder puts two like sentences nearer to one another than to a third. Never throws for what it does. */
export async function checkEmbedder(
  open: () => Promise<Embedder>,
  clock: Clock,
  signal: AbortSignal,
): Promise<ModelCheck> {
  try {
    const embedder = await open();
    try {
      const begunMs = clock.monotonicMs();
      const [said, alike, other] = await embedder.embed([SAID, ALIKE, OTHER], signal);
      const durationMs = clock.monotonicMs() - begunMs;
      const [near, far] = [cosine(said, alike), cosine(said, other)];
      const times = { ...NOTHING, first_part_ms: durationMs, duration_ms: durationMs };
      const found = `vectors of ${embedder.dims} numbers; like sentences ${near.toFixed(2)}, unlike ones ${far.toFixed(2)}`;
      return near > far
        ? { check: "embedding", state: "ok", note: found, fix: "", ...times }
        : { check: "embedding", state: "failed", note: found, fix: "Is it a model of embeddings?", ...times };
    } finally {
      await embedder.close();
    }
  } catch (error) {
    if (!(error instanceof CaxtonError)) throw error;
    return { check: "embedding", state: "failed", note: error.message, fix: error.hint, ...NOTHING };
  }
}

const cosine = (one: Float32Array = new Float32Array(), other: Float32Array = new Float32Array()): number =>
  one.reduce((sum, value, index) => sum + value * (other[index] ?? 0), 0);
