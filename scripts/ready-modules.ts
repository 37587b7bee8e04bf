// Prepares the package's own tool servers, as a server does at its first start, and keeps the results in a directory: a
// fresh machine has only to compile them. `npx node scripts/ready-modules.ts [directory]`, by default `dist/modules`. Part of
// `npm run build`, which does not fail without them: what is missing is prepared at the first start.
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { loadConfig, serve } from "../src/server/index.ts";

const root = join(import.meta.dirname, "..");
const to = resolve(process.argv[2] ?? join(root, "dist", "modules"));
const scratch = mkdtempSync(join(tmpdir(), "caxton-ready-"));
try {
  rmSync(to, { recursive: true, force: true });
  const settings = {
    "server.port": 0,
    "data.directory": join(scratch, "data"),
    "agents.directory": join(scratch, "agents"),
    "files.root": scratch,
    "log.level": "silent",
    "sandbox.cache_directory": to,
    "sandbox.standby": false,
  };
  await using started = await serve(loadConfig({ settings }, {}, scratch), {});
  const { tools } = await started.ready;
  const failed = tools.filter(({ type }) => type === "failed");
  if (failed.length > 0) throw new Error(`not compiled: ${JSON.stringify(failed)}`);
  process.stdout.write(`${readdirSync(to).length} modules prepared\n`);
} catch (error) {
  process.stderr.write(`the built-in tool servers are prepared at the first start instead: ${String(error)}\n`);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
