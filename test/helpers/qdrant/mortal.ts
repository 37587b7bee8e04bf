import { createServer, request } from "node:http";
import { once } from "node:events";

/** Paths whose requests change something. */
const CHANGES = /^\/collections\/[^/]+\/(?:points(?:\/(?:batch|delete|payload|payload\/delete))?|vectors\/.+)$/u;

/**
 * A connection of a client that dies: after a given number of its changes nothing comes through any more, as if its process
 * had ended between two of them.
 */
export class Mortal implements AsyncDisposable {
  readonly #target: string;
  readonly #server = createServer();
  /** Changes that still come through. */
  left = Number.POSITIVE_INFINITY;
  /** What the server is said to be of, instead of its own. */
  version: string | undefined;

  private constructor(target: string) {
    this.#target = target;
    this.#server.on("request", (asked, answer) => {
      const path = (asked.url ?? "").split("?")[0] ?? "";
      const isChange =
        asked.method === "DELETE" || (CHANGES.test(path) && !(asked.method === "POST" && path.endsWith("/points")));
      if (this.left <= 0 && (isChange || this.#isDead)) {
        this.#isDead = true;
        asked.socket.destroy();
        return;
      }
      if (isChange) this.left -= 1;
      if (path === "/" && this.version !== undefined) {
        answer.setHeader("content-type", "application/json");
        answer.end(JSON.stringify({ title: "qdrant - vector search engine", version: this.version }));
        return;
      }
      const passed = request(
        `${this.#target}${asked.url}`,
        { method: asked.method, headers: asked.headers },
        (given) => {
          answer.writeHead(given.statusCode ?? 500, given.headers);
          given.pipe(answer);
        },
      );
      passed.on("error", () => asked.socket.destroy());
      asked.pipe(passed);
    });
  }

  #isDead = false;

  static async before(target: string): Promise<Mortal> {
    const mortal = new Mortal(target);
    mortal.#server.listen(0, "127.0.0.1");
    await once(mortal.#server, "listening");
    return mortal;
  }

  get url(): string {
    const address = this.#server.address();
    return `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }
}
