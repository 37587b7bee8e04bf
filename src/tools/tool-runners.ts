import { type ToolCall, type ToolResult, failedCall } from "./call.ts";
import type { ToolServer } from "./tool.ts";
import type { ToolLogLine, ToolRunner } from "./tool-runner.ts";

/** Several runners as one; a server's name is looked up in each, in their order. */
export class ToolRunners implements ToolRunner {
  readonly #runners: readonly ToolRunner[];

  constructor(runners: readonly ToolRunner[]) {
    this.#runners = runners;
  }

  servers(): readonly ToolServer[] {
    return this.#runners.flatMap((runner) => runner.servers());
  }

  call(call: ToolCall, signal: AbortSignal): Promise<ToolResult> {
    const runner = this.#runnerOf(call.server);
    if (runner !== undefined) return runner.call(call, signal);
    const known = this.servers().map(({ name }) => name);
    const message = `there is no tool server "${call.server}"; tool servers here: ${known.join(", ") || "none"}`;
    return Promise.resolve(failedCall("unknown-tool", message));
  }

  logs(server: string): readonly ToolLogLine[] {
    return this.#runnerOf(server)?.logs(server) ?? [];
  }

  endSession(session: string): void {
    for (const runner of this.#runners) runner.endSession(session);
  }

  #runnerOf(server: string): ToolRunner | undefined {
    return this.#runners.find((runner) => runner.servers().some(({ name }) => name === server));
  }
}
