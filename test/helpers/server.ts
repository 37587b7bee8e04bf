import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { loadConfig, serve, type Started } from "../../src/server/index.ts";
import type { Overrides } from "../../src/server/compose.ts";
import { scripted, type ScriptedTurnInput } from "../../src/models/vendors/index.ts";
import { models } from "./engine.ts";
import { tempDirectory } from "./temp.ts";

export const repository = join(import.meta.dirname, "../..");

/** The compiled modules of one test's server serve the others too. */
export const MODULE_CACHE = join(repository, "node_modules/.cache/caxton-sandbox");

export type TestServer = AsyncDisposable & {
  readonly url: string;
  /** The working directory of its tools: a fresh one, with the sample data in `examples/data`. */
  readonly directory: string;
  readonly started: Started;
  /** JSON in, JSON out. */
  readonly ask: (method: string, path: string, body?: unknown) => Promise<{ status: number; body: unknown }>;
};

export type TestServerOptions = {
  /** Turns of a scripted model, for every agent; without it the built-in model answers. */
  readonly script?: readonly ScriptedTurnInput[];
  readonly overrides?: Overrides;
  readonly settings?: { readonly [setting: string]: unknown };
  /** Files to write first, by path in the working directory. */
  readonly files?: { readonly [path: string]: string | Uint8Array };
  /** Keeps the data of an earlier server. */
  readonly directory?: string;
  readonly environment?: { readonly [name: string]: string };
  /** Does not wait until tools and definitions are deployed. */
  readonly isEarly?: boolean;
};

/** A real Caxton on a free port, with its sample agents, ready; everything of it is gone when disposed. */
export async function startServer(options: TestServerOptions = {}): Promise<TestServer> {
  await using stack = new AsyncDisposableStack();
  const directory = options.directory ?? stack.use(tempDirectory()).path;
  cpSync(join(repository, "examples"), join(directory, "examples"), { recursive: true });
  for (const [path, content] of Object.entries(options.files ?? {})) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), content);
  }
  const settings = {
    "server.port": 0,
    "data.directory": join(directory, ".caxton"),
    "agents.directory": join(directory, "examples/agents"),
    "files.root": directory,
    "log.level": "silent",
    "sandbox.cache_directory": MODULE_CACHE,
    // A second process for each test would be in the way of the others.
    "sandbox.standby": false,
    // Tokens have tests of their own; in the others one client plays several programs.
    "messages.participant_tokens": false,
    ...options.settings,
  };
  const overrides = {
    ...(options.script ? { models: models(scripted(options.script)) } : {}),
    ...options.overrides,
  };
  const loaded = loadConfig({ settings }, options.environment ?? {}, directory);
  const started = stack.use(await serve(loaded, { overrides }));
  const report = options.isEarly === true ? undefined : await started.ready;
  const failed = report?.tools.filter(({ type }) => type === "failed") ?? [];
  if (failed.length > 0) throw new Error(`tool servers failed: ${JSON.stringify(failed)}`);
  const owned = stack.move();
  return {
    url: started.url,
    directory,
    started,
    ask: async (method, path, body) => {
      const response = await fetch(started.url + path, {
        method,
        ...(body === undefined ? {} : { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
      });
      const text = await response.text();
      return { status: response.status, body: text === "" ? undefined : JSON.parse(text) };
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
