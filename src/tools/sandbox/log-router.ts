import { serverKey } from "../catalogue/index.ts";
import { GuestLog, type LogLine } from "./guest-log.ts";
import type { PendingCall } from "./children/pending-call.ts";
import type { LiveServer } from "./live-server.ts";

type Listener = (line: LogLine) => void;

/** Passes on what guests write to standard error: to the server's log and who watches it, and to who makes the call. */
export class LogRouter {
  readonly #watchers = new Set<{ readonly server: string; readonly listener: Listener }>();
  /** Of each call its own: a line that one call has begun is not ended by another. */
  readonly #calls = new WeakMap<PendingCall, GuestLog>();

  /** Calls `listener` with each line that the server with this key writes from now on. */
  watch(server: string, listener: Listener): Disposable {
    const watcher = { server, listener };
    this.#watchers.add(watcher);
    return { [Symbol.dispose]: () => void this.#watchers.delete(watcher) };
  }

  /** Takes what was written, during the call if one is named. */
  take(
    server: LiveServer,
    bytes: Buffer,
    { job, nowMs }: { readonly job: PendingCall | undefined; readonly nowMs: number },
  ) {
    const lines = server.log.append(bytes, nowMs);
    const key = serverKey(server.workspace, server.manifest.name);
    for (const watcher of this.#watchers) if (watcher.server === key) lines.forEach(watcher.listener);
    if (job?.context.onLog === undefined || job.isSettled) return;
    const log = this.#calls.get(job) ?? new GuestLog(server.redaction);
    this.#calls.set(job, log);
    const own = log.append(bytes, nowMs);
    if (own.length > 0) job.context.onLog(own);
  }

  /** The call has ended: emits a line that it left open too. */
  end(job: PendingCall, nowMs: number): void {
    const rest = this.#calls.get(job)?.rest(nowMs);
    if (rest !== undefined) job.context.onLog?.([rest]);
    this.#calls.delete(job);
  }
}
