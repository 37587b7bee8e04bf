import { type JSONRPCRequest, type Result, Server, type ServerContext } from "@modelcontextprotocol/server";

type Handler = (request: JSONRPCRequest, context: ServerContext) => Promise<Result>;

/** Thrown by a call that continues as a task. `result` is the answer of the request. */
export class TaskCreated extends Error {
  readonly result: Result;

  constructor(result: Result) {
    super("the call continues as a task");
    this.result = result;
  }
}

/** The library's server, which checks results of `tools/call` as those of tools. A task has another form. */
export class TaskServer extends Server {
  protected override _wrapHandler(method: string, handler: Handler): Handler {
    // oxlint-disable-next-line no-underscore-dangle -- the library's own hook
    const checked = super._wrapHandler(method, handler);
    return async (request, context) => {
      try {
        return await checked(request, context);
      } catch (error) {
        if (error instanceof TaskCreated) return error.result;
        throw error;
      }
    };
  }
}
