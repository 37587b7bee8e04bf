import { execFileSync } from "node:child_process";
import { join } from "node:path";
import * as z from "zod";

const Figures = z.object({
  p50Ms: z.number(),
  p99Ms: z.number(),
  callsPerSecond: z.number(),
  /** From the module's bytes to the first answer. */
  startMs: z.number(),
});
export type Figures = z.infer<typeof Figures>;

/** What a program of `peers/` measures; it prints its figures as JSON. */
export function measuredBy(program: string, ...words: readonly string[]): Figures {
  const path = join(import.meta.dirname, "peers", program);
  const printed = execFileSync(process.execPath, ["--no-warnings", path, ...words], { encoding: "utf8" });
  return Figures.parse(JSON.parse(printed.trim().split("\n").at(-1) ?? ""));
}
