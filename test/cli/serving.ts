import { once } from "node:events";
import { createInterface } from "node:readline";
import * as z from "zod";
import { start } from "./caxton.ts";

const Ready = z.object({
  url: z.url(),
  dashboard_url: z.string().nullable(),
  definitions: z.array(z.object({ type: z.string(), file: z.string() })),
  resumed_runs: z.int(),
});

export type ServingOptions = {
  /** The working directory: its agents directory is deployed, its `.caxton` holds the data. */
  readonly cwd: string;
  readonly port?: number;
  readonly environment?: { readonly [name: string]: string };
  readonly through?: readonly string[];
  /** The user it runs as; only root may name another. */
};

/** `caxton serve` in a process of its own, ready. Ended with SIGKILL when disposed, unless it has ended. */
export async function serving({ cwd, port = 0, environment = {}, through = [] }: ServingOptions) {
  const args = ["serve", "--port", String(port), "--no-ui", "--log-level", "silent", "-o", "json"];
  const { child, ended } = start(args, {
    cwd,
    through,
    environment: { CAXTON_DATA_DIR: `${cwd}/.caxton`, ...environment },
  });
  const lines = createInterface({ input: child.stdout });
  const first: unknown = await Promise.race([once(lines, "line").then(([line]) => line), ended]);
  if (typeof first !== "string") throw new Error(`caxton serve ended: ${JSON.stringify(first)}`);
  const ready = Ready.parse(JSON.parse(first));
  return {
    ready,
    url: ready.url,
    child,
    ended,
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGKILL");
      await ended;
    },
  };
}
