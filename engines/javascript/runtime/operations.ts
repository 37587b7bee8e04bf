import { host } from "./host.ts";
import { textOf, utf8 } from "./text.ts";

const HEAD_BYTES = 4;
const NO_BYTES = new Uint8Array(0);

/** The server refused an operation, or it failed; `code` says which. */
export class HostError extends Error {
  override readonly name = "HostError";
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

type Fields = Readonly<Record<string, unknown>>;

/** Asks the server to do something; what it does and does not is up to the tool's grants. Throws HostError. */
export function ask(
  operation: string,
  head: Fields,
  body: Uint8Array = NO_BYTES,
): { readonly head: Fields; readonly body: Uint8Array<ArrayBuffer> } {
  const [status, envelope] = host.request(operation, pack(head, body));
  const answer = unpack(envelope);
  if (status === 0) return answer;
  const { code, message } = answer.head;
  throw new HostError(
    typeof code === "string" ? code : "REFUSED",
    typeof message === "string" ? message : `the server refused ${operation}`,
  );
}

/** `u32 length of the head, little-endian | head as JSON | body` */
function pack(head: Fields, body: Uint8Array): Uint8Array {
  const text = utf8(JSON.stringify(head));
  const envelope = new Uint8Array(HEAD_BYTES + text.length + body.length);
  new DataView(envelope.buffer).setUint32(0, text.length, true);
  envelope.set(text, HEAD_BYTES);
  envelope.set(body, HEAD_BYTES + text.length);
  return envelope;
}

function unpack(envelope: Uint8Array<ArrayBuffer>): { head: Fields; body: Uint8Array<ArrayBuffer> } {
  if (envelope.length < HEAD_BYTES) return { head: {}, body: NO_BYTES };
  const length = new DataView(envelope.buffer, envelope.byteOffset).getUint32(0, true);
  const end = HEAD_BYTES + length;
  return { head: JSON.parse(textOf(envelope.subarray(HEAD_BYTES, end))), body: envelope.subarray(end) };
}
