import { CaxtonError } from "../../kernel/errors.ts";

/** A name that no participant can have. */
export class ParticipantNameError extends CaxtonError<{ readonly name: string }> {
  readonly code = "PARTICIPANT_NAME_INVALID";
  readonly kind = "invalid";
}

/** An agent has the name. */
export class ParticipantNameTakenError extends CaxtonError<{ readonly name: string }> {
  readonly code = "PARTICIPANT_NAME_TAKEN";
  readonly kind = "conflict";
}

/** No participant is registered under the name. */
export class ParticipantNotFoundError extends CaxtonError<{ readonly name: string }> {
  readonly code = "PARTICIPANT_NOT_FOUND";
  readonly kind = "not-found";
}

/** No registration has the id. */
export class RegistrationNotFoundError extends CaxtonError<{ readonly id: string }> {
  readonly code = "REGISTRATION_NOT_FOUND";
  readonly kind = "not-found";
}

/** The agent provides the capability already. */
export class DuplicateRegistrationError extends CaxtonError<{ readonly agent: string; readonly capability: string }> {
  readonly code = "DUPLICATE_REGISTRATION";
  readonly kind = "conflict";
}

/** Not a name of a capability. */
export class CapabilityNameError extends CaxtonError<{ readonly capability: string }> {
  readonly code = "INVALID_CAPABILITY_NAME";
  readonly kind = "invalid";
}

/** Not a version as in 1.2.0. */
export class CapabilityVersionError extends CaxtonError<{ readonly version: string }> {
  readonly code = "INVALID_CAPABILITY_VERSION";
  readonly kind = "invalid";
}

/** The maximum number of registrations is reached. */
export class ParticipantsFullError extends CaxtonError<{ readonly max: number }> {
  readonly code = "PARTICIPANTS_FULL";
  readonly kind = "exhausted";
  override readonly retryAfterMs = 60_000;
}
