import { join } from "node:path";
import { build } from "esbuild";

const root = join(import.meta.dirname, "../../..");

/**
 * The driver and the journal's threads, each in one file below `directory`, where they find each other as in a package: they
 * start in a tenth of the time that their sources take. The driver's path.
 */
export async function bundleDriver(directory: string): Promise<string> {
  // Without a directory, esbuild has the one in which it was loaded, which may have been a test's and be gone.
  const common = {
    absWorkingDir: root,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node26",
    logLevel: "warning",
  } as const;
  // What is bundled and written for CommonJS asks for its parts by `require`.
  const js =
    'import { createRequire as requireFrom } from "node:module"; const require = requireFrom(import.meta.url);';
  const made = async (from: string, to: string): Promise<string> => {
    const outfile = join(directory, "dist", to);
    await build({ ...common, banner: { js }, external: ["esbuild"], entryPoints: [join(root, from)], outfile });
    return outfile;
  };
  const [driver] = await Promise.all([
    made("test/messaging/journal/driver.ts", "messages/driver.js"),
    made("src/messaging/journal/thread.ts", "messaging/journal/thread.js"),
    made("src/kernel/sqlite/checkpoint-thread.ts", "kernel/sqlite/checkpoint-thread.js"),
  ]);
  return driver;
}
