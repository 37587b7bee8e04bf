import type { Quotas } from "../../src/access/permissions/index.ts";
import * as contract from "../../src/api/contract/index.ts";
import { startServer, type TestServer, type TestServerOptions } from "./server.ts";

export type Answer = { readonly status: number; readonly body: unknown; readonly headers: Headers };
type Sent = {
  readonly key: string;
  /** Of a participant. */
  readonly token?: string | undefined;
  readonly workspace?: string | undefined;
  readonly body?: object;
};

export const codeOf = ({ body }: Answer): string => contract.problems.ProblemDetails.parse(body).code;

/** A client of a server with workspaces, with the key of an administrator. */
export class WorkspaceClient {
  readonly url: string;
  readonly admin: string;

  constructor(url: string, admin: string) {
    this.url = url;
    this.admin = admin;
  }

  async request(method: string, path: string, { key, token, workspace, body }: Sent): Promise<Answer> {
    const response = await fetch(this.url + path, {
      method,
      headers: {
        "x-api-key": key,
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(workspace !== undefined && { "x-caxton-workspace": workspace }),
        ...(body && { "content-type": "application/json" }),
      },
      ...(body && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(60_000),
    });
    const text = await response.text();
    const isJson = response.headers.get("content-type")?.includes("json") === true && !text.includes("}\n{");
    return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text };
  }

  /** A request of the administrator in a workspace. */
  ask(workspace: string, method: string, path: string, body?: object): Promise<Answer> {
    return this.request(method, path, { key: this.admin, workspace, ...(body && { body }) });
  }

  async createKey(role: string, workspace?: string, by = this.admin): Promise<string> {
    const { body } = await this.request("POST", "/api/v1/keys", { key: by, body: { name: "test", role, workspace } });
    return contract.keys.CreatedApiKey.parse(body).key ?? "";
  }

  async createWorkspace(name: string, quotas: Quotas = {}): Promise<void> {
    const answer = await this.ask("default", "POST", "/api/v1/workspaces", { name, quotas });
    if (answer.status !== 200) throw new Error(JSON.stringify(answer.body));
  }
}

/** A server that requires keys, with an administrator of all workspaces. */
export class WorkspaceServer extends WorkspaceClient implements AsyncDisposable {
  readonly server: TestServer;

  private constructor(server: TestServer, admin: string) {
    super(server.url, admin);
    this.server = server;
  }

  /** `admin`: the key of the administrator, on the data of an earlier server. */
  static async start(options: TestServerOptions = {}, admin?: string): Promise<WorkspaceServer> {
    const server = await startServer({ ...options, settings: { "access.mode": "required", ...options.settings } });
    const opened = new WorkspaceServer(server, admin ?? server.started.setupToken ?? "");
    return admin === undefined ? new WorkspaceServer(server, await opened.createKey("admin")) : opened;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
  }
}
