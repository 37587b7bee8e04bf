import type { ServerContext } from "@modelcontextprotocol/server";
import type { Clock } from "../../../kernel/clock.ts";
import type { RunStreamEvent, ToolCallProgress } from "../../contract/index.ts";

type Step = Extract<RunStreamEvent, { type: "step" }>["step"];
type Request = Pick<ServerContext["mcpReq"], "_meta" | "notify">;
type Notice = { readonly progress: number; readonly total?: number; readonly message: string };

/** Time without a notice after which the call sends one, since clients end calls that are silent. */
export const BEAT_MS = 10_000;
/** Minimum time between two reports of a tool that are passed on; the last one is always. */
export const REPORT_MS = 25;

/** Notices of a call's progress, for a client that asked for them. Their positions only increase, as the protocol demands. */
export class Progress {
  readonly #request: Request;
  readonly #clock: Clock;
  #position: number;
  #sentMs: number | undefined;
  /** The position at a tool's first report; undefined without one. */
  #begunAt: number | undefined;

  /** `sent` is the number of notices that an earlier part of the call sent. */
  constructor(request: Request, clock: Clock, sent = 0) {
    this.#request = request;
    this.#clock = clock;
    this.#position = sent;
  }

  /** The number of notices for a run. */
  get sent(): number {
    return this.#position;
  }

  /** Executes a call, with heartbeats while nothing reports its progress. */
  async during<Result>(call: () => Promise<Result>): Promise<Result> {
    const over = new AbortController();
    if (this.#token !== undefined) this.#beat(over.signal).catch(() => undefined);
    try {
      return await call();
    } finally {
      over.abort();
    }
  }

  async reportRun(event: RunStreamEvent): Promise<void> {
    const message = messageOf(event);
    if (message !== undefined) await this.#send({ progress: this.#position + 1, message });
  }

  /** Passes on a report, unless an earlier one was further or it follows too soon. Never throws. */
  reportTool({ done, total, message }: ToolCallProgress): void {
    const isFirst = this.#sentMs === undefined;
    this.#begunAt ??= this.#position;
    const progress = this.#begunAt + done;
    const isTooSoon = done !== total && this.#clock.monotonicMs() - (this.#sentMs ?? 0) < REPORT_MS;
    if (!isFirst && (isTooSoon || progress <= this.#position)) return;
    const notice = { progress, message, ...(total !== undefined && { total: this.#begunAt + total }) };
    // A client that is gone misses nothing.
    this.#send(notice).catch(() => undefined);
  }

  get #token() {
    const { _meta: meta } = this.#request;
    return meta?.progressToken;
  }

  async #beat(over: AbortSignal): Promise<void> {
    const begunMs = this.#clock.monotonicMs();
    while (this.#begunAt === undefined) {
      const silentMs = this.#clock.monotonicMs() - (this.#sentMs ?? begunMs);
      if (silentMs < BEAT_MS) await this.#clock.sleep(BEAT_MS - silentMs, over);
      else await this.#send({ progress: this.#position + 1, message: "still running" });
    }
  }

  async #send(notice: Notice): Promise<void> {
    const progressToken = this.#token;
    if (progressToken === undefined) return;
    this.#position = notice.progress;
    this.#sentMs = this.#clock.monotonicMs();
    await this.#request.notify({ method: "notifications/progress", params: { progressToken, ...notice } });
  }
}

function messageOf(event: RunStreamEvent): string | undefined {
  if (event.type === "run") return `run ${event.run.id}: ${event.run.state}`;
  if (event.type === "step") return stepMessage(event.step);
  if (event.type !== "tool-progress") return undefined;
  const share = event.total === null ? String(event.done) : `${event.done} of ${event.total}`;
  return event.message === "" ? share : `${event.message} (${share})`;
}

const stepMessage = (step: Step): string =>
  step.kind === "tool" ? `${step.tool}: ${step.state}` : `turn ${step.turn} of the model: ${step.state}`;
