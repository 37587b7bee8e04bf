import { QdrantClientTimeoutError } from "@qdrant/js-client-rest";
import { MemoryTooLargeError, MemoryUnavailableError } from "../../knowledge/index.ts";
import { QDRANT_LIMITS } from "./limits.ts";

export const BACKEND = "qdrant";

/** What Qdrant said of a request: its status and its words. */
export function refusalOf(error: unknown): { readonly status: number; readonly said: string } | undefined {
  if (!(error instanceof Error) || !("status" in error) || typeof error.status !== "number") return undefined;
  return { status: error.status, said: messageOf("data" in error ? error.data : undefined) };
}

function messageOf(data: unknown): string {
  const status = typeof data === "object" && data !== null && "status" in data ? data.status : data;
  const said = typeof status === "object" && status !== null && "error" in status ? status.error : status;
  return typeof said === "string" ? said.slice(0, 500) : "";
}

const PASSING = [429, 500, 502, 503, 504];

/** Whether sending it again may help. */
export function isPassing(error: unknown): boolean {
  if (error instanceof MemoryUnavailableError) return false;
  const refusal = refusalOf(error);
  return refusal ? PASSING.includes(refusal.status) : error instanceof QdrantClientTimeoutError || isCutOff(error);
}

/** The connection did not come about or broke; `fetch` says it with a TypeError that has a cause. */
const isCutOff = (error: unknown): boolean => error instanceof TypeError && error.cause !== undefined;

/** There is no such collection, or no more. */
export const isMissing = (error: unknown): boolean => refusalOf(error)?.status === 404;

/** It exists already. */
export const alreadyExists = (error: unknown): boolean => {
  const refusal = refusalOf(error);
  return refusal !== undefined && (refusal.status === 409 || refusal.said.includes("already exists"));
};

/** Vectors of this name were there, and are no more. */
export const isUnknownVector = (error: unknown): boolean =>
  refusalOf(error)?.said.includes("Not existing vector name") ?? false;

/** Why memory does not answer, as an error of ours; what Qdrant says of a request of ours that it does not take stays as it is. */
export function asUnavailable(error: unknown, place: string): unknown {
  if (error instanceof MemoryUnavailableError) return error;
  const refusal = refusalOf(error);
  if (refusal?.status === 401 || refusal?.status === 403) {
    return unavailable(`Qdrant at ${place} does not let Caxton in: ${refusal.said || `HTTP ${refusal.status}`}`, {
      hint: "Name the secret with its API key as memory.qdrant.api_key_secret; the key must be allowed to write and to make collections.",
      cause: error,
    });
  }
  if (refusal?.status === 413) return tooLarge(place, error);
  if (refusal && !PASSING.includes(refusal.status)) return error;
  const why = refusal
    ? `HTTP ${refusal.status}${refusal.said ? `, ${refusal.said}` : ""}`
    : error instanceof QdrantClientTimeoutError
      ? `no answer within ${QDRANT_LIMITS.requestMs / 1_000} s`
      : causeOf(error);
  if (why === undefined) return error;
  return unavailable(`Qdrant at ${place} does not answer: ${why}`, {
    hint: "Start it, or correct memory.qdrant.url; Caxton reconnects automatically. The write succeeded or failed as a whole.",
    cause: error,
  });
}

const tooLarge = (place: string, cause: unknown): MemoryTooLargeError =>
  new MemoryTooLargeError(
    `Qdrant at ${place} takes no request as large as what is to be remembered`,
    "Raise service.max_request_size_mb of Qdrant, or keep what is large in a file and remember where it is.",
    { field: "observations", max: QDRANT_LIMITS.requestBytesMax },
    { cause },
  );

/** Converts an unexpected rejection by Qdrant to a memory error; returns other errors unchanged. */
export function toMemoryError(error: unknown, place: string): unknown {
  const refusal = refusalOf(error);
  if (!refusal) return error;
  return unavailable(`Qdrant at ${place} does not take a request of Caxton: HTTP ${refusal.status}, ${refusal.said}`, {
    hint: "Caxton knows Qdrant 1.18 to 1.19; another version may take other requests. Please report it otherwise.",
    cause: error,
  });
}

function causeOf(error: unknown): string | undefined {
  if (!isCutOff(error) || !(error instanceof Error)) return undefined;
  const { cause } = error;
  if (cause instanceof Error && cause.message !== "") return cause.message;
  return cause instanceof Error && "code" in cause ? String(cause.code) : error.message;
}

/** MEMORY_UNAVAILABLE in our words. */
export const unavailable = (
  message: string,
  { hint, cause }: { readonly hint: string; readonly cause?: unknown },
): MemoryUnavailableError => new MemoryUnavailableError(message, hint, { backend: BACKEND }, { cause });
