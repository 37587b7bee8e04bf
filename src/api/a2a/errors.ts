import {
  A2AError,
  ContentTypeNotSupportedError,
  RequestMalformedError,
  TaskNotFoundError,
  UnsupportedOperationError,
} from "@a2a-js/sdk/errors";
import { CaxtonError, type FaultKind, toFault } from "../../kernel/errors.ts";

type Kind = new (options: { message: string; metadata: Record<string, string>; cause: unknown }) => A2AError;

const KINDS: Readonly<Partial<Record<FaultKind, Kind>>> = {
  invalid: RequestMalformedError,
  rejected: RequestMalformedError,
  "too-large": RequestMalformedError,
  "not-found": TaskNotFoundError,
  conflict: UnsupportedOperationError,
  unsupported: ContentTypeNotSupportedError,
};
/** These concern the request in HTTP, whatever it contains; clients of HTTP know when to send it again. */
const TRANSPORT_KINDS = new Set<FaultKind>([
  "unauthenticated",
  "denied",
  "exhausted",
  "unavailable",
  "upstream",
  "timeout",
  "storage-full",
]);
/** The address of the request names no agent. */
const AGENT_NOT_FOUND = "AGENT_NOT_FOUND";

/** Whether HTTP answers with the error, and not the protocol. */
export const isOfTransport = (error: unknown): error is CaxtonError =>
  error instanceof CaxtonError && (TRANSPORT_KINDS.has(error.kind) || error.code === AGENT_NOT_FOUND);

/** A failure of Caxton as one of A2A; others as they are. Its code is in the metadata. */
export function translated(error: unknown, onConflict: Kind = UnsupportedOperationError): unknown {
  if (error instanceof A2AError || isOfTransport(error)) return error;
  const { kind, code, message, hint, retryAfterMs } = toFault(error);
  const Known = kind === "conflict" ? onConflict : KINDS[kind];
  const options = {
    message: hint === "" ? message : `${message}. ${hint}`,
    metadata: { code, ...(retryAfterMs !== undefined && { retry_after_ms: String(Math.ceil(retryAfterMs)) }) },
    cause: error,
  };
  return Known === undefined ? new A2AError(options) : new Known(options);
}

/** What is not there, or belongs to another principal. */
export const noTask = (message: string): TaskNotFoundError => new TaskNotFoundError(message);
