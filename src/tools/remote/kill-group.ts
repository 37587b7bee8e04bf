import type { ChildProcess } from "node:child_process";

const isWindows = process.platform === "win32";

/** Sends a signal, as `process.kill` does. */
export type Kill = (pid: number, signal: "SIGKILL") => unknown;

/**
 * Kills a process with all of its group; what is gone already is fine. Never throws, since it is called where nobody would
 * catch it: what cannot be killed, such as a program that runs as another user by now, is told to `log`, and false given back.
 */
export function killGroup(
  { pid, exitCode }: Pick<ChildProcess, "pid" | "exitCode">,
  log: (piece: string) => void,
  kill: Kill = (each, signal) => process.kill(each, signal),
): boolean {
  if (pid === undefined || (isWindows && exitCode !== null)) return true;
  try {
    kill(isWindows ? pid : -pid, "SIGKILL");
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ESRCH") return true;
    const why = error instanceof Error ? error.message : String(error);
    log(`the process ${pid} and what it started cannot be ended: ${why}\n`);
    return false;
  }
}
