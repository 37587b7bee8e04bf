import { watch } from "node:fs/promises";
import { basename } from "node:path";
import { type Context, reportError } from "./frame/index.ts";
import { onInterrupt } from "./interrupt.ts";

/** What compilers and the build itself write. */
const PRODUCTS = /(?:^|[\\/])(?:node_modules|target|build|\.git)(?:[\\/]|$)|\.wasm|\.new$|^build\.wasm$/;
/** Editors save in several steps. */
const QUIET_MS = 100;

/** Does something now and again after each change below a directory, until Ctrl-C; what it throws is told. */
export async function watchDirectory(context: Context, directory: string, act: () => Promise<unknown>): Promise<void> {
  const { terminal } = context;
  const stop = new AbortController();
  using stack = new DisposableStack();
  stack.use(onInterrupt(() => stop.abort()));
  const once = async (): Promise<void> => {
    try {
      await act();
    } catch (error) {
      terminal.status(undefined);
      reportError(error, terminal, { asJson: false, debug: context.debug });
    }
    terminal.note(terminal.noteStyle("dim", `watching ${basename(directory) || directory}; Ctrl-C ends`));
  };
  const changes = watch(directory, { recursive: true, signal: stop.signal });
  await once();
  let lastAtMs = performance.now();
  try {
    for await (const { filename } of changes) {
      if (filename === null || PRODUCTS.test(filename) || performance.now() - lastAtMs < QUIET_MS) continue;
      await once();
      lastAtMs = performance.now();
    }
  } catch (error) {
    if (!stop.signal.aborted) throw error;
  }
}
