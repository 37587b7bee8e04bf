import type { Observation } from "../../api/contract/index.ts";
import { oneLine, safeText, type Terminal } from "../terminal/index.ts";

const MARKS = { allowed: "✓", denied: "✗", failed: "!" } as const;
const TONES = { allowed: "green", denied: "red", failed: "yellow" } as const;

/** What a call needed, on standard error; on standard output the grants that would do, fit to be saved. */
export function printObservation(terminal: Terminal, observed: Observation | null, tool: string): void {
  if (observed === null) return;
  terminal.note("");
  if (observed.uses.length === 0) terminal.note("It used nothing that needs a grant.");
  for (const { outcome, kind, operation, target, reason, count } of observed.uses) {
    const times = count === 1 ? "" : `  × ${count}`;
    const why = reason === "" ? "" : `  [${reason}]`;
    const mark = terminal.noteStyle(TONES[outcome], MARKS[outcome]);
    terminal.note(`  ${mark} ${kind} ${operation} ${oneLine(target)}${times}${terminal.noteStyle("dim", why)}`);
  }
  for (const note of observed.notes) terminal.note(`  ${terminal.noteStyle("yellow", "note:")} ${safeText(note)}`);
  terminal.note("");
  if (observed.diff === "") {
    terminal.note("Its grants are what this call needed; nothing is to be changed.");
    return;
  }
  terminal.note("For its tool.toml (lines with - were not used by this call; keep what other calls need):");
  terminal.writeForeign(observed.diff);
  terminal.note(`Or for caxton.toml, where the lists replace those of ${tool.split(".")[0]}'s tool.toml:`);
  terminal.writeForeign(observed.configuration);
}
