// Extism's own runner for JavaScript with the plug-in whose file is named first, without limits: `inProcess`, where the
// guest runs on the caller's thread, or `worker`, where each plug-in has a thread of its own.
// Prints one line of JSON: { p50Ms, p99Ms, callsPerSecond, startMs }.
import { readFile } from "node:fs/promises";
import { createPlugin } from "@extism/extism";

const [, , file = "", mode = "inProcess", count = "20000", many = "64", forMs = "4000"] = process.argv;
const TEXT = "a payload of ordinary size, as tools are given them";
const wasm = [{ data: await readFile(file) }];
const open = () => createPlugin({ wasm }, { useWasi: false, runInWorker: mode === "worker" });
const at = (times, share) => times[Math.min(times.length - 1, Math.floor(times.length * share))];

/** After 32,768 blocks the runner's addresses turn negative, and it refuses them. */
const RESET_AT = 5_000;
const made = new Map();

async function timed(plugin) {
  const before = made.get(plugin) ?? 0;
  made.set(plugin, before + 1);
  if (before % RESET_AT === RESET_AT - 1) await plugin.reset();
  const startMs = performance.now();
  const output = await plugin.call("echo", TEXT);
  if (output.string() !== TEXT) throw new Error("the plug-in gave back something else");
  return performance.now() - startMs;
}

const starts = [];
for (let round = 0; round < 20; round += 1) {
  const startMs = performance.now();
  const plugin = await open();
  await plugin.call("echo", TEXT);
  starts.push(performance.now() - startMs);
  await plugin.close();
}
starts.sort((left, right) => left - right);

const one = await open();
for (let round = 0; round < 3_000; round += 1) await timed(one);
const times = [];
for (let round = 0; round < Number(count); round += 1) times.push(await timed(one));
times.sort((left, right) => left - right);

const plugins = await Promise.all(Array.from({ length: Number(many) }, open));
await Promise.all(plugins.map(timed));
let calls = 0;
const startMs = performance.now();
const endMs = startMs + Number(forMs);
await Promise.all(
  plugins.map(async (plugin) => {
    while (performance.now() < endMs) {
      await timed(plugin);
      calls += 1;
    }
  }),
);
const callsPerSecond = (calls / (performance.now() - startMs)) * 1_000;
const figures = { p50Ms: at(times, 0.5), p99Ms: at(times, 0.99), callsPerSecond, startMs: at(starts, 0.5) };
process.stdout.write(`${JSON.stringify(figures)}\n`);
await Promise.all([one, ...plugins].map((plugin) => plugin.close()));
