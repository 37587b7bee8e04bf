// A terminal sends Ctrl-C to every process in front, and a wrapper may pass it on: what comes that close is one.
const SAME_PRESS_MS = 150;

/** Calls `first` at the first Ctrl-C until disposed of; a second one ends the process at once. */
export function onInterrupt(first: () => void): Disposable {
  let firstAtMs: number | undefined;
  const listener = () => {
    if (firstAtMs === undefined) {
      firstAtMs = performance.now();
      first();
    } else if (performance.now() - firstAtMs > SAME_PRESS_MS) {
      process.off("SIGINT", listener);
      process.kill(process.pid, "SIGINT");
    }
  };
  process.on("SIGINT", listener);
  return { [Symbol.dispose]: () => void process.off("SIGINT", listener) };
}
