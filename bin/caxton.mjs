#!/usr/bin/env node
// Starts Caxton on the Node it needs. This file itself runs on Node 20 and later, so it is plain JavaScript.
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const NODE_MAJOR_MIN = 26;
const home = dirname(dirname(fileURLToPath(import.meta.url)));
const args = process.argv.slice(2);

// What only one of these ways needs is loaded there: the first has to answer at once.
if (args.length === 1 && (args[0] === "--version" || args[0] === "-V")) {
  process.stdout.write(`${JSON.parse(readFileSync(join(home, "package.json"), "utf8")).version}\n`);
} else if (majorOf(process.versions.node) >= NODE_MAJOR_MIN) {
  await start();
} else {
  await handOver();
}

async function start() {
  const { default: module } = await import("node:module");
  module.enableCompileCache();
  await import(isBuildUpToDate() ? "../dist/cli/main.js" : "../src/cli/main.ts");
}

/** Whether the build is to be run. In a checkout whose sources were changed since it was made, they run as they are. */
function isBuildUpToDate() {
  const sources = join(home, "src");
  if (!existsSync(sources)) return true;
  const built = statSync(join(home, "dist", "cli", "main.js"), { throwIfNoEntry: false });
  const isNewer = (file) => file.endsWith(".ts") && statSync(join(sources, file)).mtimeMs > built.mtimeMs;
  return built !== undefined && !readdirSync(sources, { recursive: true }).some(isNewer);
}

async function handOver() {
  const [{ spawn }, { createRequire }, { constants }] = await Promise.all([
    import("node:child_process"),
    import("node:module"),
    import("node:os"),
  ]);
  const { node, remedy } = packagedNode(createRequire(import.meta.url));
  if (node === undefined) {
    process.stderr.write(
      `error: Caxton needs Node.js ${NODE_MAJOR_MIN} or newer; this is Node.js ${process.versions.node}, and the one that comes with Caxton is not there\n` +
        `  in ${home} run: ${remedy}\n` +
        `  or install Node.js ${NODE_MAJOR_MIN} from https://nodejs.org and run caxton with it\n`,
    );
    process.exitCode = 1;
    return;
  }
  // A terminal sends Ctrl-C to both processes; the command takes two that come at the same moment for one.
  const signals = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR2"];
  const forward = (signal) => child.kill(signal);
  for (const signal of signals) process.on(signal, forward);
  const again = [...process.execArgv, fileURLToPath(import.meta.url), ...args];
  const child = spawn(node, again, { stdio: "inherit" });
  child.on("error", (error) => {
    process.stderr.write(`error: cannot start ${node}: ${error.message}\n  in ${home} run: npm rebuild node\n`);
    process.exitCode = 1;
  });
  child.on("exit", (code, signal) => {
    if (signal === null) {
      process.exitCode = code ?? 1;
      return;
    }
    for (const each of signals) process.off(each, forward);
    process.exitCode = 128 + constants.signals[signal];
    process.kill(process.pid, signal);
  });
}

/** The Node of the npm package `node`, wherever npm put it above this package, or what would bring it. */
function packagedNode(require) {
  let manifest;
  try {
    manifest = require.resolve("node/package.json");
  } catch {
    return { remedy: existsSync(join(home, "package-lock.json")) ? "npm ci" : "npm install" };
  }
  const { version } = JSON.parse(readFileSync(manifest, "utf8"));
  if (majorOf(version) < NODE_MAJOR_MIN) return { remedy: `npm install node@${NODE_MAJOR_MIN}` };
  const node = join(dirname(manifest), "bin", process.platform === "win32" ? "node.exe" : "node");
  // Its install script puts the program there; npm may have been told not to run it.
  return existsSync(node) ? { node } : { remedy: "npm rebuild node" };
}

function majorOf(version) {
  return Number.parseInt(version, 10);
}
