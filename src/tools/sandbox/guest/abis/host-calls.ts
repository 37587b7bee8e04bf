import { GuestMemory } from "../../wasi/index.ts";
import { encodeWithBytes, REQUEST_NAME_MAX } from "../../wire/index.ts";
import type { GuestHost } from "./abi.ts";

/** The import module through which a guest of any ABI asks for what WASI has no words for; docs/tools/host-calls.md. */
export const CAXTON_MODULE = "caxton";

/** Reply to a request; the envelope is `u32 head length | head as JSON | bytes`, of a refusal `{code, message}`. */
export type HostReply = { readonly isGranted: boolean; readonly envelope: Buffer };

/** Fuel of any call into the host, and of each 16 bytes that it copies. */
const CALL_FUEL = 100;
const COPY_SHIFT = 4;
/** Bytes of one request, so that a guest cannot make the server hold more. */
const REQUEST_BYTES_MAX = 16 * 1024 * 1024;

const refusal = (code: string, message: string): HostReply => ({
  isGranted: false,
  envelope: Buffer.concat(encodeWithBytes({ code, message }, new Uint8Array(0))),
});

/** Begins a request; `settle` gets the reply in a later turn, or at once when nothing is asked. */
export function askHost(
  host: Pick<GuestHost, "files">,
  name: string,
  body: Buffer,
  settle: (reply: HostReply) => void,
): void {
  // A frame that is larger than the server takes would end the child, with all that is in it.
  if (body.length > REQUEST_BYTES_MAX) return settle(refusal("too-large", "a request has at most 16 MiB"));
  host.files({ op: "request", name, body }, (reply) => {
    if (reply.type === "granted") {
      return settle({ isGranted: reply.body[0] === 0, envelope: reply.body.subarray(1) });
    }
    settle(refusal("denied", "nothing can be asked of the host while no call is running"));
  });
}

/** Of a guest's host, what asking needs. */
type Asking = Pick<GuestHost, "files" | "charge" | "suspend" | "end">;

/** The functions of the module `caxton` for one guest. `memory` is bound once the guest has been instantiated. */
export class HostCalls {
  readonly memory = new GuestMemory();
  readonly #host: Asking;
  #response: Buffer = Buffer.alloc(0);

  constructor(host: Asking) {
    this.#host = host;
  }

  /** Only what the module names; a name that is not there makes instantiation fail with it. */
  imports(): Record<string, unknown> {
    return {
      request: new WebAssembly.Suspending((...place: [number, number, number, number]) => this.#request(place)),
      response_size: () => {
        this.#enter();
        return this.#response.length;
      },
      response: (at: number, length: number) => {
        this.#enter();
        const target = this.memory.slice(at >>> 0, Math.min(length >>> 0, this.#response.length));
        if (target === undefined) throw this.#host.end("trap", "it gave the host a pointer outside of its memory");
        target.set(this.#response.subarray(0, target.length));
        this.#host.charge(target.length >>> COPY_SHIFT);
        return target.length;
      },
    };
  }

  /** Forgets what belonged to the call. */
  endCall(): void {
    this.#response = Buffer.alloc(0);
  }

  #enter(): void {
    this.#host.charge(CALL_FUEL);
    this.memory.enter();
  }

  /** 0 when granted, 1 when refused; the response is there in both cases. */
  #request([nameAt, nameLength, at, length]: readonly [number, number, number, number]): Promise<number> {
    this.#enter();
    const name = this.memory.slice(nameAt >>> 0, nameLength >>> 0);
    const body = this.memory.slice(at >>> 0, length >>> 0);
    if (name === undefined || body === undefined || name.length > REQUEST_NAME_MAX || body.length > REQUEST_BYTES_MAX) {
      throw this.#host.end("trap", "it gave the host a request that is too long or outside of its memory");
    }
    this.#host.charge(body.length >>> COPY_SHIFT);
    // A copy: the guest's memory is its own again while it waits.
    const copy = Buffer.from(body);
    const text = Buffer.from(name).toString("latin1");
    return this.#host.suspend<HostReply, number>(
      (settle) => askHost(this.#host, text, copy, settle),
      ({ isGranted, envelope }) => {
        this.memory.enter();
        this.#response = envelope;
        return isGranted ? 0 : 1;
      },
    );
  }
}
