// Makes the program of the sources, in `dist`: one file for what starts with every command, others for what is loaded
// when it is needed, and one for each program that runs in a thread or a process of its own.
import { rmSync } from "node:fs";
import { join } from "node:path";
import { build, type BuildOptions, type Plugin } from "esbuild";

const root = join(import.meta.dirname, "..");
const outdir = join(root, "dist");

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

const common: BuildOptions = {
  absWorkingDir: root,
  outdir,
  outbase: "src",
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node26",
  external: EXTERNAL,
  legalComments: "linked",
  logLevel: "warning",
  plugins: [http],
  // What is bundled and written for CommonJS asks for its parts by `require`.
  banner: {
    js: 'import { createRequire as requireFrom } from "node:module"; const require = requireFrom(import.meta.url);',
  },
};

rmSync(outdir, { recursive: true, force: true });
await Promise.all([
  build({ ...common, entryPoints: ["src/cli/main.ts"], splitting: true, chunkNames: "chunks/[name]-[hash]" }),
  // A child may read its own file and no other, so all it needs is in there.
  build({
    ...common,
    entryPoints: [
      "src/sandbox/guest/child.ts",
      "src/sandbox/guest/thread.ts",
      "src/backends/sqlite/messages/thread.ts",
      "src/backends/sqlite/checkpoint-thread.ts",
      "src/backends/sqlite/memory/thread.ts",
      "src/runs/threads/worker.ts",
      "src/backends/embeddings/thread.ts",
    ],
  }),
]);
