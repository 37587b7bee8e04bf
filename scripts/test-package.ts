/**
 * Packs the package, installs it from the registry in an empty directory with each Node that is supported, and tries it:
 * `npx node scripts/test-package.ts [20 22 …]`, by default all. Node comes from npm too. Takes a minute for each.
 */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { env, platform } from "node:process";
import * as z from "zod";

const SUPPORTED = ["20", "22", "24", "26"];
const PACKAGES_MAX = 5;
const MEGABYTES_MAX = 60;

const root = join(import.meta.dirname, "..");
const place = mkdtempSync(join(tmpdir(), "caxton-package-"));
const say = (line: string): void => void process.stdout.write(`${line}\n`);

type Machine = { readonly cwd: string; readonly env: { readonly [name: string]: string | undefined } };

function run({ cwd, env: environment }: Machine, command: string, words: readonly string[]): string {
  return execFileSync(command, words, { cwd, env: environment, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

function expect(what: string, text: string, expected: RegExp): void {
  if (!expected.test(text)) throw new Error(`${what}: expected ${expected}, got:\n${text}`);
}

/** A machine with this Node, npm and nothing of the repository. */
function machineWith(major: string): Machine {
  const tools = join(place, `node-${major}`);
  mkdirSync(tools);
  writeFileSync(join(tools, "package.json"), "{}");
  const prefix = platform === "darwin" && process.arch === "arm64" ? "node-bin" : "node";
  const name = `${prefix}-${platform === "win32" ? "win" : platform}-${process.arch}@${major}`;
  const words = ["install", "--no-audit", "--no-fund", name, "npm"];
  execFileSync("npm", words, { cwd: tools, stdio: ["ignore", "ignore", "inherit"] });
  const cwd = join(place, `empty-${major}`);
  mkdirSync(cwd);
  const clean = Object.entries(env).filter(([key]) => !/^(?:npm_(?!config)|CAXTON_|NODE_(?!EXTRA))/i.test(key));
  const path = `${join(tools, "node_modules", ".bin")}:/usr/bin:/bin`;
  return { cwd, env: { ...Object.fromEntries(clean), PATH: path, HOME: cwd, CAXTON_PORT: "0", NO_COLOR: "1" } };
}

/** Packages and megabytes of an installation besides Node. */
function sizeOf(modules: string): { readonly packages: number; readonly megabytes: number } {
  const names = readdirSync(modules)
    .filter((name) => !name.startsWith("."))
    .flatMap((name) =>
      name.startsWith("@") ? readdirSync(join(modules, name)).map((each) => `${name}/${each}`) : [name],
    )
    .filter((name) => !name.startsWith("node-"));
  const files = names.flatMap((name) =>
    readdirSync(join(modules, name), { recursive: true, encoding: "utf8" }).map((file) => join(modules, name, file)),
  );
  // The install script of esbuild, where it is allowed, makes a second link to its binary.
  const sizes = new Map(files.map((file) => statSync(file)).map(({ ino, size }) => [ino, size]));
  const bytes = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  return { packages: names.length, megabytes: Math.round(bytes / 1e6) };
}

async function tryOn(major: string, archive: string, flags: readonly string[]): Promise<void> {
  const machine = machineWith(major);
  const { cwd } = machine;
  const began = performance.now();
  run(machine, "npm", ["install", "--no-audit", "--no-fund", ...flags, archive]);
  const seconds = ((performance.now() - began) / 1_000).toFixed(1);
  const { packages, megabytes } = sizeOf(join(cwd, "node_modules"));
  if (packages > PACKAGES_MAX || megabytes > MEGABYTES_MAX) throw new Error(`${packages} packages, ${megabytes} MB`);

  // By its path, so that the first Node is the machine's own and not the one in node_modules/.bin.
  const command = join(cwd, "node_modules", ".bin", "caxton");
  const caxton = (...words: string[]): string => run(machine, command, words);
  expect("--version", caxton("--version"), /^\d+\.\d+\.\d+\n$/);
  expect("npx caxton-server", run(machine, "npx", ["caxton-server", "--version"]), /^\d+\.\d+\.\d+\n$/);
  expect("init", caxton("init", "hello", "--template", "data-analyzer"), /caxton dev/);
  expect("tool new", caxton("tool", "new", "unit-price"), /tool\.toml/);
  const server = spawn(command, ["serve", "--agents", "hello", "-o", "json"], {
    cwd,
    env: machine.env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(server, "exit");
  try {
    const { url } = z.object({ url: z.string() }).parse(JSON.parse(String(await once(server.stdout, "data"))));
    const there = { ...machine, env: { ...machine.env, CAXTON_SERVER: url } };
    if ((await fetch(`${url}/ui/`)).status !== 200) throw new Error("the dashboard is not there");
    writeFileSync(join(cwd, "shop.csv"), "shop;price\nNorth;3,20\nSouth;4,10\nNorth;2,80\n");
    const question = "Which shop has the highest mean price?";
    expect("run", run(there, command, ["run", "hello", question, "--file", "shop.csv"]), /^South has the highest/m);
    expect("tool build", run(there, command, ["tool", "build", "unit-price"]), /unit_price/);
    expect("tool test", run(there, command, ["tool", "test", "unit-price"]), /passed/);
    run(there, command, ["memory", "add", "Rex", "a dog that barks"]);
    expect("memory search", run(there, command, ["memory", "search", "puppy"]), /a dog that barks/);
    expect("doctor", run(there, command, ["doctor"]), /ok +installation/);
  } finally {
    server.kill();
    await ended;
  }
  const version = run(machine, "node", ["--version"]).trim();
  say(
    `Node ${version}${flags.map((flag) => ` ${flag}`).join("")}: installed in ${seconds} s, ${packages} packages, ${megabytes} MB besides Node; works`,
  );
  rmSync(cwd, { recursive: true });
  rmSync(join(place, `node-${major}`), { recursive: true });
}

try {
  const wanted = process.argv.slice(2);
  const archive = execFileSync("npm", ["pack", "--silent", "--pack-destination", place], {
    cwd: root,
    encoding: "utf8",
  });
  for (const major of wanted.length > 0 ? wanted : SUPPORTED) {
    await tryOn(major, join(place, archive.trim()), []);
    if (major === "20") await tryOn(major, join(place, archive.trim()), ["--ignore-scripts"]);
  }
} finally {
  rmSync(place, { recursive: true, force: true });
}
