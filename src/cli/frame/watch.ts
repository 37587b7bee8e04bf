import { watch } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Context } from "./context.ts";
import { onInterrupt } from "./interrupt.ts";
import { reportError } from "./report-error.ts";

/** What compilers and the build itself write. */
const PRODUCTS = /(?:^|[\\/])(?:node_modules|target|build|\.git|\.venv|__pycache__)(?:[\\/]|$)|\.wasm/;
/** Editors save in several steps. */
const QUIET_MS = 100;

/** Runs an action at once and after each change below a directory, also during a run, until Ctrl-C. Errors are reported. */
export async function watchDirectory(context: Context, directory: string, act: () => Promise<unknown>): Promise<void> {
  const { terminal } = context;
  const stop = new AbortController();
  let hasChanged = true;
  let wake: (() => void) | undefined;
  using stack = new DisposableStack();
  stack.use(
    onInterrupt(() => {
      stop.abort();
      wake?.();
    }),
  );
  watch(directory, { recursive: true, signal: stop.signal }, (_event, file) => {
    if (file !== null && PRODUCTS.test(file)) return;
    hasChanged = true;
    wake?.();
  });
  while (!stop.signal.aborted) {
    if (!hasChanged) {
      const { promise, resolve } = Promise.withResolvers<void>();
      wake = resolve;
      await promise;
      await sleep(QUIET_MS);
      continue;
    }
    hasChanged = false;
    try {
      await act();
    } catch (error) {
      terminal.status(undefined);
      reportError(error, terminal, { asJson: false, debug: context.debug });
    }
    if (!hasChanged) terminal.note(terminal.noteStyle("dim", "waiting for changes; Ctrl-C ends"));
  }
}
