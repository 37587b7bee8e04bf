import * as z from "zod";
import type { Clock } from "../../kernel/clock.ts";
import type { DiscoveredServer } from "../port/index.ts";

/** A server on the same machine answers at once or not at all. */
const WAIT_MS = 2_000;
const ANSWER_BYTES_MAX = 1024 * 1024;
const MODELS_MAX = 200;

const Tags = z.object({ models: z.array(z.object({ name: z.string().min(1), size: z.number().optional() })) });

/** Asks an Ollama for its models. Never rejects; takes two seconds at most. */
export async function askOllama(clock: Clock, baseUrl: URL, signal: AbortSignal): Promise<DiscoveredServer> {
  const found = { provider: "ollama", address: baseUrl.origin };
  const ended = new AbortController();
  const late = new AbortController();
  clock.sleep(WAIT_MS, ended.signal).then(
    () => late.abort(),
    () => undefined,
  );
  try {
    const response = await fetch(new URL("/api/tags", baseUrl), {
      signal: AbortSignal.any([signal, late.signal]),
      redirect: "error",
    });
    const length = Number(response.headers.get("content-length") ?? 0);
    if (!response.ok || length > ANSWER_BYTES_MAX) {
      await response.body?.cancel();
      return { ...found, answers: false, models: [] };
    }
    const tags = Tags.safeParse(await response.json());
    if (!tags.success) return { ...found, answers: false, models: [] };
    const models = tags.data.models
      .slice(0, MODELS_MAX)
      .map(({ name, size }) => ({ id: `ollama/${name}`, bytes: size }));
    return { ...found, answers: true, models };
  } catch {
    return { ...found, answers: false, models: [] };
  } finally {
    ended.abort();
  }
}
