/**
 * Builds the program (`dist`) and the dashboard (`dashboard/dist`): `npx node scripts/build.ts [program|dashboard] [--force]`. A
 * build whose inputs are unchanged is skipped, unless forced.
 *
 * The program is one file for what starts with every command, others for what is loaded when it is needed, and one for each
 * program that runs in a thread or a process of its own.
 */
import { execFile } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { env, execPath } from "node:process";
import { promisify } from "node:util";
import { build, type BuildOptions, type Plugin } from "esbuild";
import * as z from "zod";
import { buildInto, hashOf, packageOf } from "./builds.ts";
import { clientBuild } from "./client-build.ts";
import { writeNotices } from "./notices.ts";

const root = join(import.meta.dirname, "..");
const run = promisify(execFile);

/** Packages that look for files beside themselves, and so have to stay where they are. */
const EXTERNAL = ["esbuild"];

/**
 * Node copies a built-in module export by export when it is imported, and some exports of `node:http` load the whole of
 * its HTTP client when they are looked at: a third of what a command takes to start. Asked for by name it loads none.
 */
const http: Plugin = {
  name: "node:http",
  setup(builder) {
    builder.onResolve({ filter: /^node:http$/ }, ({ path, kind }) =>
      kind === "import-statement" ? { path, namespace: "by-name" } : undefined,
    );
    builder.onLoad({ filter: /./, namespace: "by-name" }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)});`,
    }));
  },
};

/** Packages that sources load with a `require` of their own, at the first use; each becomes a file in `libraries`. */
const required = new Set<string>();
const LIBRARIES = "libraries";
const libraries: Plugin = {
  name: "libraries",
  setup(builder) {
    builder.onLoad({ filter: /[\\/]src[\\/].*\.ts$/ }, ({ path }) => {
      const source = readFileSync(path, "utf8");
      if (!source.includes("const require = createRequire(import.meta.url)")) return undefined;
      const contents = source.replaceAll(/\brequire\("([^"]+)"\)/g, (_call, name: string) => {
        required.add(name);
        return `require("../${LIBRARIES}/${name}.cjs")`;
      });
      return { contents, loader: "ts" };
    });
  },
};

const common: BuildOptions = {
  absWorkingDir: root,
  outbase: "src",
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node26",
  external: EXTERNAL,
  // THIRD-PARTY-NOTICES.txt holds the whole texts.
  legalComments: "none",
  metafile: true,
  logLevel: "warning",
  plugins: [http, libraries],
  // What is bundled and written for CommonJS asks for its parts by `require`.
  banner: {
    js: 'import { createRequire as requireFrom } from "node:module"; const require = requireFrom(import.meta.url);',
  },
};

/** What determines both builds, beside their sources. */
const TOOLS = ["package-lock.json", "scripts/build*.ts", "scripts/client-build.ts"];
const PROGRAM = ["src/**/*.ts", "scripts/ready-modules.ts", "tools/built/**/*", "engines/built/*", ...TOOLS];
/** The dashboard shares the API's contract and what that uses of the kernel. */
const DASHBOARD = ["dashboard/**/*", "src/{api,kernel}/**/*.ts", ...TOOLS];
const EXCLUDED = ["**/*.test.ts", "**/node_modules/**", "dashboard/dist/**", "dashboard/dist.*/**"];

async function makeProgram(outdir: string): Promise<readonly string[]> {
  const results = await Promise.all([
    build({ ...common, outdir, entryPoints: ["src/cli/main.ts"], splitting: true, chunkNames: "chunks/[name]-[hash]" }),
    // A child may read its own file and no other, so all it needs is in there.
    build({
      ...common,
      outdir,
      entryPoints: [
        "src/tools/sandbox/guest/child.ts",
        "src/tools/sandbox/guest/worker.ts",
        "src/messaging/journal/thread.ts",
        "src/kernel/sqlite/checkpoint-thread.ts",
        "src/memory/stores/sqlite/thread.ts",
        "src/runs/workers/worker-entry.ts",
        "src/memory/embeddings/thread.ts",
      ],
    }),
  ]);
  await build(clientBuild(root, join(outdir, "client", "index.js")));
  const { metafile } = await build({
    absWorkingDir: root,
    outdir: join(outdir, LIBRARIES),
    entryPoints: [...required].map((name) => ({ in: name, out: name })),
    bundle: true,
    format: "cjs",
    outExtension: { ".js": ".cjs" },
    platform: "node",
    target: "node26",
    legalComments: "none",
    metafile: true,
    logLevel: "warning",
  });
  const ready = await run(execPath, [join(root, "scripts", "ready-modules.ts"), join(outdir, "modules")]);
  process.stdout.write(ready.stdout);
  process.stderr.write(ready.stderr);
  const metafiles = [...results.map((each) => each.metafile), metafile];
  return packagesOf(metafiles.flatMap((each) => Object.keys(each?.inputs ?? {})));
}

async function makeDashboard(outdir: string): Promise<readonly string[]> {
  const vite = join(root, "node_modules", "vite", "bin", "vite.js");
  // Tests run in another environment, for which React has another, larger build.
  const production = { ...env, NODE_ENV: "production" };
  const words = [vite, "build", "--outDir", outdir, "--emptyOutDir", "--logLevel", "warn"];
  const { stderr } = await run(execPath, words, { cwd: join(root, "dashboard"), env: production });
  process.stderr.write(stderr);
  // Written by a plug-in of the dashboard's build, for this script only.
  const list = join(outdir, "modules.json");
  const modules = z.array(z.string()).parse(JSON.parse(readFileSync(list, "utf8")));
  rmSync(list);
  return packagesOf(modules);
}

function packagesOf(modules: readonly string[]): readonly string[] {
  return [...new Set(modules.flatMap((module) => packageOf(module) ?? []))];
}

const words = process.argv.slice(2);
const unknown = words.filter((word) => !["program", "dashboard", "--force"].includes(word));
if (unknown.length > 0) throw new Error(`unknown: ${unknown.join(" ")}; use [program|dashboard] [--force]`);
const force = words.includes("--force");
const isWanted = (name: string): boolean => words.includes(name) || words.every((word) => word.startsWith("--"));

const started = performance.now();
const builds = {
  program: () =>
    buildInto({
      to: join(root, "dist"),
      inputs: hashOf(root, PROGRAM, EXCLUDED),
      entry: "cli/main.js",
      keepPrevious: true,
      force,
      make: makeProgram,
    }),
  dashboard: () =>
    buildInto({
      to: join(root, "dashboard", "dist"),
      inputs: hashOf(root, DASHBOARD, EXCLUDED),
      entry: "index.html",
      keepPrevious: false,
      force,
      make: makeDashboard,
    }),
};
await Promise.all(
  Object.entries(builds)
    .filter(([name]) => isWanted(name))
    .map(async ([name, make]) => {
      const done = (await make())
        ? `built in ${((performance.now() - started) / 1_000).toFixed(1)} s`
        : "is up to date";
      process.stdout.write(`${name} ${done}\n`);
    }),
);
writeNotices(root);
