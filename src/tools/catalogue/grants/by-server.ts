/** A value for each tool server. A workspace that has no server of a name uses the shared one. */
export class ByServer<Value> {
  readonly #shared: string;
  readonly #values = new Map<string, Value>();

  /** `shared` is the workspace of the shared tool servers. */
  constructor(shared: string) {
    this.#shared = shared;
  }

  set(workspace: string, server: string, value: Value): void {
    this.#values.set(serverKey(workspace, server), value);
  }

  get(workspace: string, server: string): Value | undefined {
    const own = serverKey(workspace, server);
    return this.#values.get(this.#values.has(own) ? own : serverKey(this.#shared, server));
  }
}

/** Identifies a tool server on this machine. The name of a workspace contains no slash. */
export const serverKey = (workspace: string, server: string): string => `${workspace}/${server}`;
