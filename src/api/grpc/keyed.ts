import { createHash } from "node:crypto";
import type { Principal } from "../../access/index.ts";
import { FAULTS, toFault } from "../../kernel/errors.ts";
import { mint, RunId } from "../../kernel/ids.ts";
import { canonicalJson, isJsonObject, Json } from "../../kernel/json.ts";
import type { Operation } from "../contract/index.ts";
import { checkKey, refusalOf, UNSURE } from "../http/index.ts";
import { type ApiServices, RequestIds } from "../operations/index.ts";

export { streamedAgain } from "../http/index.ts";

type Keyed = {
  readonly operation: Operation;
  readonly principal: Principal;
  readonly input: object;
  /** The metadata `idempotency-key`. */
  readonly key: string | undefined;
};

/**
 * Performs an operation once for each key, as REST does with the header `Idempotency-Key`. Throws IdempotencyKeyInUseError,
 * IdempotencyKeyReusedError, RequestInvalidError, and what `perform` does.
 */
export async function keyed(
  { storage: { idempotencyStore }, server }: ApiServices,
  { operation, principal, input, key: given }: Keyed,
  perform: (asked?: RequestIds) => Promise<unknown>,
): Promise<unknown> {
  if (given === undefined || operation.retry === "safe") return perform();
  const key = { workspace: principal.workspace, key: `${principal.id} ${checkKey(given)}` };
  const hash = createHash("sha256")
    .update(`${operation.name}\n${canonicalJson(Json.parse(input))}`)
    .digest("base64url");
  const subject = operation.retry === "by-key" ? mint(RunId) : undefined;
  const claim = await idempotencyStore.claim(key, { hash, subject }, server.clock.nowMs());
  if (claim.type === "kept") return JSON.parse(claim.answer.body);
  if (claim.type !== "new" && claim.type !== "begun") throw refusalOf(claim.type, given);
  const isRepeated = claim.type === "begun";
  const first = isRepeated ? claim.subject : subject;
  try {
    const output = await perform(first === undefined ? undefined : new RequestIds(first, isRepeated));
    if (!operation.keepsAnswer) await idempotencyStore.release(key);
    else
      await idempotencyStore.keep(key, { status: operation.http.status, headers: {}, body: bodyOf(operation, output) });
    return output;
  } catch (error) {
    // One that came again may have done something before.
    const isUnsure = isRepeated || FAULTS[toFault(error).kind].http >= UNSURE;
    await (isUnsure ? idempotencyStore.leave(key) : idempotencyStore.release(key));
    throw error;
  }
}

/** An answer with null in place of the fields that are sent once. */
function bodyOf({ sentOnce }: Operation, output: unknown): string {
  const nulls = Object.fromEntries(sentOnce.map((name) => [name, null]));
  return JSON.stringify(isJsonObject(output) ? { ...output, ...nulls } : output);
}
