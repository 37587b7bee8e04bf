// How long the command takes: `--version`, and `serve` until it answers, in the built form.
import { execFileSync, spawn } from "node:child_process";
import { cpSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { tempDirectory } from "../test/helpers/temp.ts";
import { ms, quantile, type Row } from "./table.ts";

const ROUNDS = 15;
const TICK_MS = 10;
const root = join(import.meta.dirname, "..");

export async function run(): Promise<readonly Row[]> {
  using home = tempDirectory();
  installBuilt(home.path);
  const bin = join(home.path, "bin", "caxton.mjs");
  const version = median(() => cpuOf([bin, "--version"]));
  const empty = median(() => cpuOf(["-e", "0"]));
  const ready: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) ready.push(await cpuUntilReady(bin, home.path, round));
  const serve = quantile(
    ready.toSorted((left, right) => left - right),
    0.5,
  );
  return [
    {
      what: "caxton --version, built (CPU)",
      caxton: ms(version),
      peer: `${ms(empty)} (node -e 0)`,
      ratio: `${(empty / version).toFixed(1)}×`,
      target: "≤ 25 ms",
      met: version <= 25,
    },
    {
      what: "caxton serve answers, built (CPU)",
      caxton: ms(serve),
      peer: "",
      ratio: "",
      target: "≤ 150 ms",
      met: serve <= 150,
    },
  ];
}

/** The package as it is published: built files, no sources. */
function installBuilt(directory: string): void {
  execFileSync("npm", ["run", "build"], { cwd: root, stdio: "ignore" });
  for (const part of ["package.json", "bin", "dist", "dashboard/dist", "tools/built", "docs/errors.md"]) {
    cpSync(join(root, part), join(directory, part), { recursive: true });
  }
  symlinkSync(join(root, "node_modules"), join(directory, "node_modules"));
}

/** User and system time of a command, in milliseconds, from what the kernel counted for this process's children. */
function cpuOf(args: readonly string[]): number {
  const before = childrenCpuMs();
  execFileSync(process.execPath, args, { stdio: "ignore" });
  return childrenCpuMs() - before;
}

const childrenCpuMs = (): number => {
  const { cutime, cstime } = ticksOf("self");
  return (cutime + cstime) * TICK_MS;
};

function median(measure: () => number): number {
  const times = Array.from({ length: ROUNDS }, measure);
  // The kernel counts in ticks of 10 ms; a mean over many rounds says more than the middle one.
  return times.reduce((sum, time) => sum + time, 0) / times.length;
}

async function cpuUntilReady(bin: string, directory: string, round: number): Promise<number> {
  const data = join(directory, `data-${round % 2}`);
  const child = spawn(process.execPath, [bin, "serve", "--port", "0", "--data-dir", data, "-o", "json"], {
    cwd: directory,
    stdio: ["ignore", "pipe", "ignore"],
  });
  try {
    await new Promise<void>((resolve, reject) => {
      child.stdout.once("data", () => resolve());
      child.once("exit", (code) => reject(new Error(`serve ended with ${code}`)));
    });
    const { utime, stime } = ticksOf(String(child.pid));
    return (utime + stime) * TICK_MS;
  } finally {
    child.removeAllListeners("exit");
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGTERM");
    await gone;
  }
}

/** CPU counters of a process, in clock ticks; see proc(5). */
function ticksOf(pid: string): { utime: number; stime: number; cutime: number; cstime: number } {
  const text = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = text
    .slice(text.lastIndexOf(")") + 2)
    .split(" ")
    .map(Number);
  const [utime = 0, stime = 0, cutime = 0, cstime = 0] = fields.slice(11, 15);
  return { utime, stime, cutime, cstime };
}
