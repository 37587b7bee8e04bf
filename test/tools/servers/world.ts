import * as z from "zod";
import { tools } from "../../../src/api/contract/index.ts";
import { startServer, type TestServer, type TestServerOptions } from "../../helpers/server.ts";
import { tempDirectory } from "../../helpers/temp.ts";

export const Problem = z.object({
  code: z.string(),
  detail: z.string(),
  hint: z.string(),
  details: z.record(z.string(), z.unknown()),
});

export type Sent = {
  readonly manifest: string;
  readonly signature?: string;
  readonly dry_run?: boolean;
  readonly accept?: boolean;
};

/** A server without built-in tools, and what one does with tool servers, in few words. */
export class World implements AsyncDisposable {
  readonly server: TestServer;
  readonly #temp: Disposable | undefined;

  private constructor(server: TestServer, temp: Disposable | undefined) {
    this.server = server;
    this.#temp = temp;
  }

  static async open(options: TestServerOptions = {}): Promise<World> {
    const temp = options.directory === undefined ? tempDirectory() : undefined;
    const directory = options.directory ?? temp?.path ?? "";
    const overrides = { toolServers: `${directory}/none-built-in`, ...options.overrides };
    return new World(await startServer({ ...options, directory, overrides }), temp);
  }

  ask(method: string, path: string, body?: unknown) {
    return this.server.ask(method, `/api/v1/tool-servers${path}`, body);
  }

  /** Sends a module as JSON; the answer as it came. */
  send(module: Uint8Array, sent: Sent) {
    return this.ask("POST", "", { ...sent, module: Buffer.from(module).toString("base64") });
  }

  async deploy(module: Uint8Array, manifest: string, more: Omit<Sent, "manifest"> = {}) {
    const { body } = await this.send(module, { manifest, ...more });
    return tools.ToolServerDeployment.parse(body);
  }

  async get(name: string) {
    return tools.ToolServerRecord.parse((await this.ask("GET", `/${name}`)).body);
  }

  async code(method: string, path: string, body?: unknown): Promise<string> {
    return Problem.parse((await this.ask(method, path, body)).body).code;
  }

  /** Calls `server.tool`; its text, or the reason it failed. */
  async call(server: string, tool = "answer"): Promise<string> {
    const { body } = await this.server.ask("POST", `/api/v1/tools/${server}/${tool}/call`, { arguments: {} });
    const { outcome, text } = tools.ToolCallOutcome.parse(body);
    return outcome === "done" ? text : outcome;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
    this.#temp?.[Symbol.dispose]();
  }
}
