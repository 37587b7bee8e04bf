import { writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { Plugin } from "vite";

/** Packages whose code is in the build without being imported: the style sheet's base, and helpers. */
const IMPLIED = ["tailwindcss", "vite"].map((name) => resolve(import.meta.dirname, "../../node_modules", name));

/** Writes `modules.json`, the paths of all bundled modules, from which scripts/build.ts collects license notices. */
export function bundledModules(): Plugin {
  let outDir = "";
  const modules = new Set<string>(IMPLIED);
  return {
    name: "caxton:bundled-modules",
    apply: "build",
    configResolved: (config) => {
      outDir = resolve(config.root, config.build.outDir);
    },
    generateBundle: (_options, bundle) => {
      for (const file of Object.values(bundle)) {
        if (file.type !== "chunk") continue;
        for (const id of file.moduleIds) if (!id.startsWith("\0")) modules.add(id);
      }
    },
    closeBundle: async () => {
      await writeFile(join(outDir, "modules.json"), JSON.stringify([...modules]));
    },
  };
}
