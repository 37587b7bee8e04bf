import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { LAUNCHER } from "../test/cli/caxton.ts";
import { tempDirectory } from "../test/helpers/temp.ts";
import { sleep } from "./stage.ts";

const TICK_MS = 10;
const Created = z.object({ key: z.string() });

type ServerOptions = {
  /** Content of caxton.toml. */
  readonly config?: string;
  /** Fills the server's directory before it starts. */
  readonly prepare?: (directory: string) => void;
};

/** The built product in a process of its own, ready, in an empty directory. */
export class ServerProcess implements AsyncDisposable {
  readonly url: string;
  /** Creates the first administrator's key; undefined without access control. */
  readonly setupToken: string | undefined;
  readonly #pid: number;
  readonly #owned: AsyncDisposableStack;

  private constructor(url: string, setupToken: string | undefined, pid: number, owned: AsyncDisposableStack) {
    this.url = url;
    this.setupToken = setupToken;
    this.#pid = pid;
    this.#owned = owned;
  }

  static async start({ config = "", prepare }: ServerOptions = {}): Promise<ServerProcess> {
    await using stack = new AsyncDisposableStack();
    const { path: cwd } = stack.use(tempDirectory());
    writeFileSync(join(cwd, "caxton.toml"), config);
    prepare?.(cwd);
    const child = spawn(process.execPath, [LAUNCHER, "serve", "--port", "0", "-o", "json"], {
      cwd,
      stdio: ["ignore", "pipe", "ignore"],
    });
    const closed = new Promise<void>((resolve) => void child.once("close", () => resolve()));
    stack.defer(async () => {
      child.kill("SIGTERM");
      await closed;
    });
    let said = "";
    child.stdout.on("data", (data: Buffer) => (said += data.toString("utf8")));
    const find = (pattern: RegExp): string | undefined => pattern.exec(said)?.[1];
    const awaited = config.includes('mode = "required"') ? [URL_IN, TOKEN_IN] : [URL_IN];
    while (awaited.some((pattern) => find(pattern) === undefined)) await sleep(50);
    const url = find(URL_IN) ?? "";
    while ((await fetch(`${url}/ready`)).status !== 200) await sleep(200);
    return new ServerProcess(url, find(TOKEN_IN), child.pid ?? 0, stack.move());
  }

  /** Creates a key, with another one or with the setup token. */
  async createKey(by: string | undefined, body: object): Promise<string> {
    return Created.parse(await this.post("/api/v1/keys", by, body)).key;
  }

  async post(path: string, key: string | undefined, body: object): Promise<unknown> {
    const authorization = key === undefined ? undefined : { authorization: `Bearer ${key}` };
    const headers = { "content-type": "application/json", ...authorization };
    const response = await fetch(this.url + path, { method: "POST", headers, body: JSON.stringify(body) });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response.json();
  }

  /** CPU time of the process with all its threads, without the tools' processes. */
  cpuMs(): number {
    const fields = readFileSync(`/proc/${this.#pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
    return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
  }

  residentBytes(): number {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${this.#pid}/status`, "utf8"))?.[1]) * 1024;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#owned.disposeAsync();
  }
}

const URL_IN = /"url":"([^"]+)"/;
const TOKEN_IN = /"setup_token":"([^"]+)"/;
