import type { Broker } from "./broker.ts";
import { HostCallHandler } from "./host-call-handler.ts";
import type { SandboxChild } from "../children/sandbox-child.ts";
import type { PendingCall } from "../children/pending-call.ts";
import { decodeIoRequest, type IoRequest, KIND } from "../wire/index.ts";

/** The child keeps to far fewer while a call runs; what has waited there at its end comes at once. */
const FILE_REQUESTS_MAX = 128;

/** Where a request came from: the child, and the calls that it has. */
export type Asking = { readonly child: SandboxChild; readonly calls: ReadonlyMap<number, PendingCall> };

/** What guests ask the server for: files, and what else the broker has. A child that asks as none should is killed. */
export class HostCallDispatcher {
  readonly #broker: Broker;

  constructor(broker: Broker) {
    this.#broker = broker;
  }

  /** Takes one request in; the answer follows when there is one. */
  take(id: number, payload: Buffer, { child, calls }: Asking): void {
    const decoded = decodeIoRequest(payload);
    const job = decoded && calls.get(decoded.call);
    if (decoded === undefined) return child.kill("it sent a damaged file request");
    // A call that has just ended may have asked for something before it heard of its end.
    if (job === undefined) return;
    if (job.fileRequests >= FILE_REQUESTS_MAX) return child.kill("it sent too many file requests at once");
    void this.#answer(id, job, decoded.request, child);
  }

  async #answer(id: number, job: PendingCall, request: IoRequest, child: SandboxChild): Promise<void> {
    const { manifest } = job.server;
    const { call, context } = job;
    const grants = context.restrictions?.files === false ? { ...manifest.grants, files: [] } : manifest.grants;
    job.files ??= new HostCallHandler(this.#broker, { server: manifest.name, grants, call, context });
    job.fileRequests += 1;
    const reply = await job.files.serve(request);
    job.fileRequests -= 1;
    child.send(KIND.ioReply, id, job.server.number, ...reply);
  }
}
