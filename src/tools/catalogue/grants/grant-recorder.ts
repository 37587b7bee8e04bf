import { ByServer } from "./by-server.ts";
import type { Grants } from "./grants.ts";
import type { GrantLedger, GrantUse } from "./grant-use.ts";

/** Uses that one watched call may make before the rest is not looked at. */
const USES_MAX = 10_000;

/** What a call needs, gathered while it runs. */
export type GrantTrace = Disposable & {
  /** In their order; at most 10,000. */
  readonly uses: readonly GrantUse[];
};

/** Passes uses of grants to the ledger, and to the watchers of the call that makes them. */
export class GrantRecorder {
  readonly #ledger: GrantLedger;
  readonly #watched = new Map<string, GrantUse[]>();
  readonly #granted: ByServer<Grants>;

  /** `shared` is the workspace of the shared tool servers. */
  constructor(ledger: GrantLedger, shared: string) {
    this.#ledger = ledger;
    this.#granted = new ByServer(shared);
  }

  note(use: GrantUse): void {
    this.#ledger.record(use);
    if (this.#watched.size === 0) return;
    const uses = this.#watched.get(use.session);
    if (uses !== undefined && uses.length < USES_MAX) uses.push(use);
  }

  /** Watches the calls of a session until disposed of. */
  watch(session: string): GrantTrace {
    const uses: GrantUse[] = [];
    this.#watched.set(session, uses);
    return { uses, [Symbol.dispose]: () => void this.#watched.delete(session) };
  }

  /** Says what a server is granted from now on. */
  deployed(workspace: string, server: string, grants: Grants): void {
    this.#granted.set(workspace, server, grants);
  }

  /** What a server was granted when it was deployed; undefined for one that is not sandboxed here. */
  granted(workspace: string, server: string): Grants | undefined {
    return this.#granted.get(workspace, server);
  }
}
