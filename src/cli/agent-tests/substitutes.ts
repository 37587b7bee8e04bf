import { canonicalJson, isJsonObject, type Json } from "../../kernel/json.ts";
import {
  failedCall,
  NO_USAGE,
  type ToolCall,
  type ToolResult,
  type ToolRunner,
  TOOL_FAILURES,
  type ToolFailureReason,
} from "../../tools/catalogue/index.ts";
import { isTool } from "./expectations.ts";
import { holds } from "./json-match.ts";
import type { RecordedCall } from "./recording.ts";
import type { Stub } from "../../agents/test-files/index.ts";

/** What tools answer in one run of a scenario instead of being called. */
export type Substitutes = {
  readonly stubs: readonly Stub[];
  /** Every call is answered from these, each once; undefined calls the tools. */
  readonly recorded: readonly RecordedCall[] | undefined;
};

/**
 * Tools of which some are answered for by a test. A run whose test is not known yet waits for it, so that none of its calls
 * gets past its stubs.
 */
export class SubstitutedTools implements ToolRunner {
  readonly #runner: ToolRunner;
  readonly #sessions = new Map<string, PromiseWithResolvers<Session>>();

  constructor(runner: ToolRunner) {
    this.#runner = runner;
  }

  /** Says what a run's tools answer. */
  substitute(session: string, { stubs, recorded }: Substitutes): void {
    this.#sessionOf(session).resolve({ stubs, recorded: recorded && [...recorded] });
  }

  async call(call: ToolCall, signal: AbortSignal): Promise<ToolResult> {
    const { promise } = this.#sessionOf(call.context.session);
    const { stubs, recorded } = await promise;
    const tool = `${call.server}.${call.tool}`;
    const stub = stubs.find(
      (each) => isTool(each.tool, tool) && (each.arguments === undefined || holds(call.arguments, each.arguments)),
    );
    if (stub !== undefined) return stubbed(stub);
    if (recorded === undefined) return this.#runner.call(call, signal);
    const same = canonicalJson(call.arguments);
    const at = recorded.findIndex(
      (each) => each.tool === tool && isJsonObject(each.arguments) && canonicalJson(each.arguments) === same,
    );
    const [found] = at < 0 ? [] : recorded.splice(at, 1);
    return found === undefined
      ? failedCall("unavailable", `the recording has no more call of ${tool} with ${JSON.stringify(call.arguments)}`)
      : replayed(found);
  }

  servers() {
    return this.#runner.servers();
  }

  logs(server: string) {
    return this.#runner.logs(server);
  }

  endSession(session: string): void {
    this.#sessions.delete(session);
    this.#runner.endSession(session);
  }

  #sessionOf(session: string): PromiseWithResolvers<Session> {
    const known = this.#sessions.get(session) ?? Promise.withResolvers<Session>();
    this.#sessions.set(session, known);
    return known;
  }
}

type Session = { readonly stubs: readonly Stub[]; readonly recorded: RecordedCall[] | undefined };

const done = (text: string, structured: Json | undefined): ToolResult => ({
  type: "done",
  content: text === "" ? [] : [{ type: "text", text }],
  structured,
  usage: NO_USAGE,
});

const stubbed = ({ text = "", structured, error }: Stub): ToolResult =>
  error === undefined ? done(text, structured) : failedCall("tool-error", error);

const isReason = (outcome: string): outcome is ToolFailureReason => TOOL_FAILURES.some((reason) => reason === outcome);

const replayed = ({ outcome, text, structured }: RecordedCall): ToolResult =>
  isReason(outcome) ? failedCall(outcome, text) : done(text, structured ?? undefined);
