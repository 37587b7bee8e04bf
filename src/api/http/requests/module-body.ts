import { createHash } from "node:crypto";
import type { FastifyRequest } from "fastify";
import { isJsonObject, type JsonObject, parseJson } from "../../../kernel/json.ts";
import { LIMITS } from "../../../kernel/quantities.ts";
import { RequestInvalidError } from "../../operations/index.ts";
import { BodyTooLargeError, ModuleTooLargeError } from "../errors.ts";
import { HashedBody } from "./hashed-body.ts";
import { readForm } from "./multipart.ts";

const MODULE_BYTES_MAX = 32 * 1024 * 1024;
/** The rest is for the manifest and the form around them. */
const FORM_BYTES_MAX = MODULE_BYTES_MAX + 1024 * 1024;

/** Fields of a request, one of which is a WebAssembly module. */
class ModuleBody extends HashedBody {
  readonly value: object;
  readonly hash: string;
  constructor(fields: JsonObject, module: Uint8Array | undefined) {
    super();
    if (module !== undefined && module.byteLength > MODULE_BYTES_MAX) throw new ModuleTooLargeError(MODULE_BYTES_MAX);
    this.value = { ...fields, module };
    const content = createHash("sha256").update(module ?? "");
    this.hash = content.update(JSON.stringify(fields)).digest("base64url");
  }
}

export const MODULE_MEDIA_TYPES = ["application/json", "multipart/form-data"];

/** Maximum bytes of a body that `readModuleBody` reads. */
export const MODULE_BODY_BYTES_MAX = FORM_BYTES_MAX;

/** Reads a module from a form, or from base64 in JSON. Throws RequestInvalidError, BodyTooLargeError, ModuleTooLargeError. */
export async function readModuleBody(request: FastifyRequest, payload: AsyncIterable<Buffer>): Promise<HashedBody> {
  const contentType = request.headers["content-type"] ?? "";
  const incoming = { payload, length: Number(request.headers["content-length"]) };
  if (contentType.startsWith("multipart/"))
    return fromForm(contentType, await bounded(incoming, FORM_BYTES_MAX, new ModuleTooLargeError(MODULE_BYTES_MAX)));
  // Decoding JSON and base64 blocks the event loop for as long as it takes.
  const bytesMax = LIMITS.bodyBytesMax;
  const tooLarge = new BodyTooLargeError(
    `a module in JSON may have ${bytesMax / 1024 / 1024} MiB with all around it`,
    "Send it as a file in a form (multipart/form-data), as `caxton tool deploy` does.",
    { bytesMax },
  );
  const parsed = parseJson((await bounded(incoming, bytesMax, tooLarge)).toString("utf8"));
  if (parsed.type === "malformed") throw invalid(`the body is not JSON: ${parsed.reason}`);
  if (!isJsonObject(parsed.value)) throw invalid("expected an object");
  const { module, ...fields } = parsed.value;
  return new ModuleBody(fields, typeof module === "string" ? Buffer.from(module, "base64") : undefined);
}

function fromForm(contentType: string, body: Buffer<ArrayBuffer>): ModuleBody {
  const form = readForm(contentType, body);
  if (typeof form === "string") throw invalid(`the form cannot be read: ${form}`);
  const { module: file, ...parts } = Object.fromEntries(form);
  if (file?.fileName === undefined) throw invalid("module: expected a file");
  const texts = Object.entries(parts).map(([name, { content }]) => [name, content.toString("utf8")] as const);
  return new ModuleBody({ file: file.fileName, ...Object.fromEntries(texts) }, file.content);
}

type Incoming = { readonly payload: AsyncIterable<Buffer>; readonly length: number };

/** Reads a body into one buffer. The length that the client stated saves a copy of the whole at the end. */
async function bounded(
  { payload, length: expected }: Incoming,
  bytesMax: number,
  tooLarge: Error,
): Promise<Buffer<ArrayBuffer>> {
  if (expected > bytesMax) throw tooLarge;
  let body = Buffer.allocUnsafeSlow(expected >= 0 ? expected : 64 * 1024);
  let length = 0;
  for await (const chunk of payload) {
    if (length + chunk.length > bytesMax) throw tooLarge;
    if (length + chunk.length > body.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(2 * body.length, length + chunk.length));
      body.copy(larger, 0, 0, length);
      body = larger;
    }
    length += chunk.copy(body, length);
  }
  return body.subarray(0, length);
}

const invalid = (problem: string): RequestInvalidError =>
  new RequestInvalidError(`the request does not fit: ${problem}`, "", {
    problems: [problem],
  });
