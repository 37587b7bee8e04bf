// jco with the component whose file is named first: it makes JavaScript of it, which runs on the caller's thread without
// limits. Prints one line of JSON: { p50Ms, p99Ms, callsPerSecond, startMs }.
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { transpile } from "@bytecodealliance/jco-transpile";

const [, , file = "", count = "20000", forMs = "4000"] = process.argv;
const TEXT = "a payload of ordinary size, as tools are given them";
const at = (times, share) => times[Math.min(times.length - 1, Math.floor(times.length * share))];

// Beside this file, so that what is made finds its packages.
const outDir = await mkdtemp(join(import.meta.dirname, "node_modules", ".jco-"));
try {
  const startMs = performance.now();
  const { files } = await transpile(file, { name: "echo", outDir });
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content);
  }
  await writeFile(join(outDir, "package.json"), '{"type":"module"}');
  const { echo } = await import(join(outDir, "echo.js"));
  const call = () => {
    if (echo(TEXT) !== TEXT) throw new Error("the component gave back something else");
  };
  call();
  const startedMs = performance.now() - startMs;
  for (let round = 0; round < 3_000; round += 1) call();
  const times = [];
  for (let round = 0; round < Number(count); round += 1) {
    const fromMs = performance.now();
    call();
    times.push(performance.now() - fromMs);
  }
  times.sort((left, right) => left - right);
  let calls = 0;
  const fromMs = performance.now();
  while (performance.now() - fromMs < Number(forMs)) {
    call();
    calls += 1;
  }
  const callsPerSecond = (calls / (performance.now() - fromMs)) * 1_000;
  const figures = { p50Ms: at(times, 0.5), p99Ms: at(times, 0.99), callsPerSecond, startMs: startedMs };
  process.stdout.write(`${JSON.stringify(figures)}\n`);
} finally {
  await rm(outDir, { recursive: true, force: true });
}
