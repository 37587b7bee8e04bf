import { existsSync, type FSWatcher, watch } from "node:fs";
import { join, sep } from "node:path";
import { log } from "../kernel/log.ts";
import type { ToolServers } from "./servers/index.ts";
import { deployDirectory, isToolServer, type ToolDeployment } from "./deploy.ts";

/** Longer than for definitions: a module is written in pieces, and its manifest beside it. */
const SETTLE_MS = 250;

/**
 * Deploys tool servers as their files are written, until disposed. Who writes into the directory while this runs is who
 * would be asked to accept the change, so nothing waits. Watches nothing when there is no such directory.
 */
export class ToolWatcher implements Disposable {
  readonly #servers: ToolServers;
  readonly #directory: string;
  readonly #report: (deployment: ToolDeployment) => void;
  readonly #timers = new Map<string, NodeJS.Timeout>();
  readonly #stop = new AbortController();
  readonly #watcher: FSWatcher | undefined;

  constructor(servers: ToolServers, directory: string, report: (deployment: ToolDeployment) => void) {
    this.#servers = servers;
    this.#directory = directory;
    this.#report = report;
    if (!existsSync(directory)) return;
    this.#watcher = watch(directory, { recursive: true }, (_event, path) => this.#changed(path));
    this.#watcher.on("error", (error) => log.warn({ err: error, directory }, "not all tool servers are watched"));
  }

  #changed(path: string | null): void {
    const [name = "", file, ...deeper] = path?.split(sep) ?? [];
    if (deeper.length > 0 || !["module.wasm", "tool.toml", "module.wasm.sig"].includes(file ?? "")) return;
    clearTimeout(this.#timers.get(name));
    this.#timers.set(
      name,
      setTimeout(() => void this.#deploy(name), SETTLE_MS),
    );
  }

  /** Never rejects. A directory that is no longer a tool server leaves its deployment until an operator deletes it. */
  async #deploy(name: string): Promise<void> {
    this.#timers.delete(name);
    const directory = join(this.#directory, name);
    if (!(await isToolServer(directory))) return;
    const how = { origin: "directory", accept: true } as const;
    const deployment = await deployDirectory(this.#servers, directory, how, this.#stop.signal);
    const isNews = deployment.type !== "deployed" || deployment.outcome !== "unchanged";
    if (isNews && !this.#stop.signal.aborted) this.#report(deployment);
  }

  [Symbol.dispose](): void {
    this.#stop.abort();
    this.#watcher?.close();
    for (const timer of this.#timers.values()) clearTimeout(timer);
  }
}
