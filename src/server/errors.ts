import { CaxtonError } from "../kernel/errors.ts";

export class PortInUseError extends CaxtonError<{ readonly host: string; readonly port: number }> {
  readonly code = "PORT_IN_USE";
  readonly kind = "conflict";
}

export class ListenFailedError extends CaxtonError<{ readonly host: string; readonly port: number }> {
  readonly code = "LISTEN_FAILED";
  readonly kind = "unavailable";
}

export class NotLoopbackError extends CaxtonError<{ readonly host: string }> {
  readonly code = "HOST_NOT_LOOPBACK";
  readonly kind = "rejected";
}
