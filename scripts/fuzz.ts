// Looks for texts whose reading blocks the server or takes more than linear time, and then for modules that the meter
// changes, counts wrongly or breaks at: `npx node scripts/fuzz.ts [--seconds N] [--seed N] [--kind K] [--slowness N]`.
// A failing module is written to output/fuzz together with how to run it again; the exit code is then 1.
// `--kind growth` reads the texts alone. On a slow or busy machine, `--slowness 2` allows twice the time.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { growthFault } from "../test/fuzz/growth.ts";
import { READERS } from "../test/fuzz/growth-readers.ts";
import { type CaseKind, CASES, type Figures, isCaseKind, noFigures, realModules, runCase } from "../test/fuzz/cases.ts";

const FAILURES = join(import.meta.dirname, "..", "output", "fuzz");
const REPORT_EVERY_MS = 5_000;
/** How often each kind has its turn: programs show most, and real modules take longest. */
const TURNS: readonly CaseKind[] = ["program", "program", "program", "mutant", "mutant", "noise", "noise", "damaged"];

const { values: given } = parseArgs({
  options: {
    seconds: { type: "string", default: "60" },
    seed: { type: "string" },
    kind: { type: "string" },
    slowness: { type: "string", default: "1" },
  },
});

function whole(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new Error(`--${name} ${text} is not a whole number`);
  return value;
}

function kinds(text: string | undefined): readonly CaseKind[] {
  if (text === undefined) return TURNS;
  if (!isCaseKind(text)) throw new Error(`--kind ${text} is not one of growth, ${Object.keys(CASES).join(", ")}`);
  return [text];
}

const figuresText = (figures: Figures, sinceMs: number): string =>
  `${((performance.now() - sinceMs) / 1000).toFixed(0)} s: ${Object.entries(figures)
    .map(([name, count]) => `${count} ${name}`)
    .join(", ")}`;

/** Reads texts of every family with every reader. Returns the families that are read too slowly. */
function growthFaults(slowness: number): readonly string[] {
  const faults = READERS.flatMap((reader) =>
    Object.keys(reader.families).flatMap((family) => growthFault(reader, family, { slowness }) ?? []),
  );
  process.stdout.write(`${READERS.length} readers of texts, ${faults.length} families too slow\n`);
  return faults;
}

function main(): void {
  if (given.kind === undefined || given.kind === "growth") {
    const faults = growthFaults(whole("slowness", given.slowness));
    if (faults.length > 0) {
      process.stdout.write(`${faults.join("\n")}\n`);
      process.exitCode = 1;
    }
    if (faults.length > 0 || given.kind === "growth") return;
  }
  const turns = kinds(given.kind);
  const endMs = performance.now() + whole("seconds", given.seconds) * 1000;
  // A seed that is given is run at least once; without one each run looks somewhere else.
  const first = given.seed === undefined ? Date.now() % 2 ** 31 : whole("seed", given.seed);
  const figures = noFigures();
  const real = realModules();
  const startMs = performance.now();
  let reportMs = startMs + REPORT_EVERY_MS;
  process.stdout.write(`seed ${first}\n`);
  for (let seed = first; seed === first || performance.now() < endMs; seed += 1) {
    const kind = turns[(seed - first) % turns.length] ?? "program";
    const what = failureOf(kind, seed, figures, real);
    if (what !== null) {
      process.stdout.write(`${figuresText(figures, startMs)}\n${what}\n`);
      process.exitCode = 1;
      return;
    }
    if (performance.now() < reportMs) continue;
    process.stdout.write(`${figuresText(figures, startMs)}\n`);
    reportMs += REPORT_EVERY_MS;
  }
  process.stdout.write(`no differences in ${figuresText(figures, startMs)}, seeds from ${first}\n`);
}

/** Runs a case; when it fails, keeps the module and says how to run it again. */
function failureOf(kind: CaseKind, seed: number, figures: Figures, real: readonly Uint8Array[]): string | null {
  let what: string;
  let bytes: Uint8Array | undefined;
  try {
    const failure = runCase(kind, seed, figures, real);
    if (failure === null) return null;
    ({ what, bytes } = failure);
  } catch (error) {
    what = error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
  mkdirSync(FAILURES, { recursive: true });
  const file = join(FAILURES, `${kind}-${seed}`);
  const again = `npx node scripts/fuzz.ts --kind ${kind} --seed ${seed} --seconds 0`;
  if (bytes !== undefined) writeFileSync(`${file}.wasm`, bytes);
  writeFileSync(`${file}.txt`, `${what}\n${again}\n`);
  return `${kind} ${seed}: ${what}\nkept in ${file}; again with: ${again}`;
}

main();
