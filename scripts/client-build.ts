import { join } from "node:path";
import type { BuildOptions, Plugin } from "esbuild";
import { rows } from "../src/api/client/rows.ts";

/** Replaces schemas, and zod with them, by the rows that a client needs. */
const withoutSchemas: Plugin = {
  name: "without-schemas",
  setup(builder) {
    builder.onLoad({ filter: /[\\/]src[\\/]api[\\/]client[\\/]rows\.ts$/ }, () => ({
      contents: `const table = ${JSON.stringify(rows())};\nexport const rows = () => table;`,
      loader: "js",
    }));
    builder.onResolve({ filter: /[\\/]contract[\\/]index\.ts$/ }, ({ resolveDir, path }) => ({
      path: join(resolveDir, path, "..", "request.ts"),
    }));
  },
};

/** How to build the client that the package publishes. It runs in browsers and other runtimes too, so it takes nothing of Node. */
export const clientBuild = (root: string, outfile: string): BuildOptions => ({
  absWorkingDir: root,
  entryPoints: ["src/api/client/client.ts"],
  outfile,
  bundle: true,
  format: "esm",
  platform: "neutral",
  target: "es2023",
  legalComments: "none",
  logLevel: "warning",
  plugins: [withoutSchemas],
});
