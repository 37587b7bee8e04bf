import { CaxtonError } from "../../kernel/errors.ts";

export class RecordingInvalidError extends CaxtonError<{ readonly file: string }> {
  readonly code = "RECORDING_INVALID";
  readonly kind = "rejected";
}
