import { readFileSync } from "node:fs";
import { join } from "node:path";
import { assemble } from "../../src/tools/sandbox/meter/test-kits/wat.kit.ts";
import { Chance } from "./chance.ts";
import { compareProgram, type Failure, type Tally } from "./differential.ts";
import { moduleText } from "./module-text.ts";
import { mutant, noise, probe } from "./mutants.ts";

/** What the cases have shown so far. */
export type Figures = Tally & { cases: number; refused: number; metered: number };

export const noFigures = (): Figures => ({
  cases: 0,
  calls: 0,
  exact: 0,
  traps: 0,
  exceptions: 0,
  stopped: 0,
  refused: 0,
  metered: 0,
});

const BUILT = join(import.meta.dirname, "..", "..", "tools", "built");

/** The tools that come with the server, as real modules to damage. */
export const realModules = (): readonly Uint8Array[] =>
  ["csv_parser", "chart_generator", "file_system"].map((name) => readFileSync(join(BUILT, name, "module.wasm")));

function robust(bytes: Uint8Array<ArrayBuffer>, figures: Figures): Failure | null {
  const outcome = probe(bytes);
  if (outcome === "refused") figures.refused += 1;
  else if (outcome === "metered") figures.metered += 1;
  else return outcome;
  return null;
}

/** Making the program takes longer than running it. */
const MUTANTS_EACH = 10;

type Case = (seed: number, figures: Figures, real: readonly Uint8Array[]) => Failure | null;

/** Every kind of case; each depends only on the seed. */
export const CASES = {
  /** A random program, with fuel as without, and counted instruction by instruction. */
  program: (seed, figures) => compareProgram(seed, figures),
  /** A random program with a few bytes changed. */
  mutant: (seed, figures) => {
    const chance = new Chance(seed);
    const whole = assemble(moduleText(chance).wat);
    for (let each = 0; each < MUTANTS_EACH; each += 1) {
      const failure = robust(mutant(whole, chance), figures);
      if (failure !== null) return failure;
    }
    return null;
  },
  /** A real module with a few bytes changed. */
  damaged: (seed, figures, real) => {
    const chance = new Chance(seed);
    return robust(mutant(chance.pick(real), chance), figures);
  },
  /** Bytes without sense. */
  noise: (seed, figures) => robust(noise(new Chance(seed)), figures),
} as const satisfies { readonly [kind: string]: Case };
export type CaseKind = keyof typeof CASES;

export const isCaseKind = (text: string): text is CaseKind => text in CASES;

export function runCase(kind: CaseKind, seed: number, figures: Figures, real: readonly Uint8Array[]): Failure | null {
  figures.cases += 1;
  const run: Case = CASES[kind];
  return run(seed, figures, real);
}
