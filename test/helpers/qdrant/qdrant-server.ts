import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { ensureQdrant, QDRANT_PACKAGES } from "../../../scripts/ensure-qdrant.ts";

/** Memory that looks like a disk: each of the engine's indexes waits for the disk otherwise, which takes a test seconds. */
const FAST = "/dev/shm";

/**
 * Qdrant's engine behind its REST paths, in a process of its own on a loopback port; server.py says what of it is real. What it
 * holds is in files, so that it can be killed and begun again.
 */
export class QdrantServer implements AsyncDisposable {
  readonly #directory = mkdtempSync(join(existsSync(FAST) ? FAST : tmpdir(), "caxton-qdrant-"));
  readonly #apiKey: string | undefined;
  #child: ChildProcess | undefined;
  #port = 0;

  private constructor(apiKey: string | undefined) {
    this.#apiKey = apiKey;
  }

  static async start(options: { readonly apiKey?: string | undefined } = {}): Promise<QdrantServer> {
    ensureQdrant();
    const server = new QdrantServer(options.apiKey);
    await server.begin();
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Starts it, after `kill` on the port it had. */
  async begin(): Promise<void> {
    const apiKey = this.#apiKey;
    const program = join(import.meta.dirname, "server.py");
    const child = spawn("python3", [program, this.#directory, String(this.#port), ...(apiKey ? [apiKey] : [])], {
      env: {
        ...process.env,
        PYTHONPATH: QDRANT_PACKAGES,
        PYTHONDONTWRITEBYTECODE: "1",
      },
      stdio: ["ignore", "pipe", "inherit"],
    });
    this.#child = child;
    let printed = "";
    while (!printed.includes("\n")) {
      const [chunk] = await Promise.race([once(child.stdout, "data"), once(child, "exit")]);
      if (!(chunk instanceof Buffer)) throw new Error("the Qdrant of the tests did not start; its output says why");
      printed += chunk.toString();
    }
    this.#port = Number(/^listening (\d+)/u.exec(printed)?.[1]);
  }

  /** Removes a collection; what made it costly is used again by the next one. */
  async drop(collection: string): Promise<void> {
    const apiKey = this.#apiKey;
    await fetch(`${this.url}/collections/${collection}`, {
      method: "DELETE",
      ...(apiKey ? { headers: { "api-key": apiKey } } : {}),
    });
  }

  /** Ends it as a crash would. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child || child.exitCode !== null) return;
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
