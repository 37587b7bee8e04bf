import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
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

const PEERS = join(import.meta.dirname, "peers");
const Package = z.object({ dependencies: z.record(z.string(), z.string()) });

/** Packages that have to be built; all others come as they are, without what their scripts would download. */
const BUILT = ["better-sqlite3"];

/** Installs the peers, unless all of them are there. */
export function installPeers(): void {
  const { dependencies } = Package.parse(JSON.parse(readFileSync(join(PEERS, "package.json"), "utf8")));
  if (Object.keys(dependencies).every((name) => existsSync(join(PEERS, "node_modules", name)))) return;
  process.stdout.write("installing the peers …\n");
  execFileSync("npm", ["ci", "--no-audit", "--no-fund", "--ignore-scripts"], { cwd: PEERS, stdio: "inherit" });
  execFileSync("npm", ["rebuild", ...BUILT], { cwd: PEERS, stdio: "inherit" });
}

/** What a program of `peers/` measures; it prints its figures as JSON. */
export function measuredBy(program: string, ...words: readonly string[]): Figures {
  installPeers();
  const path = join(PEERS, program);
  const printed = execFileSync(process.execPath, ["--no-warnings", path, ...words], { encoding: "utf8" });
  return Figures.parse(JSON.parse(printed.trim().split("\n").at(-1) ?? ""));
}
