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

/** The sender has no key of the id. */
export class MessageKeyNotFoundError extends CaxtonError<{ readonly owner: string; readonly key_id: string }> {
  readonly code = "MESSAGE_KEY_NOT_FOUND";
  readonly kind = "not-found";
  constructor(owner: string, keyId: string) {
    const hint = `caxton participant key list ${owner} shows its keys.`;
    super(`${owner} has no key ${keyId}`, hint, { owner, key_id: keyId });
  }
}

/** The key is another sender's, or was revoked. */
export class MessageKeyTakenError extends CaxtonError<{ readonly key_id: string }> {
  readonly code = "MESSAGE_KEY_TAKEN";
  readonly kind = "conflict";
  constructor(keyId: string) {
    super(`the key ${keyId} belongs to another sender or was revoked`, "Create a new key.", { key_id: keyId });
  }
}

/** The sender has the maximum number of valid keys, or of stored ones. */
export class MessageKeysFullError extends CaxtonError<{ readonly owner: string; readonly max: number }> {
  readonly code = "MESSAGE_KEYS_FULL";
  readonly kind = "rejected";
  constructor(owner: string, max: number, kind: "valid" | "stored") {
    const hint = kind === "valid" ? "Revoke one that is not needed." : "Register the program with another name.";
    super(`${owner} has ${max} ${kind} keys, the maximum`, hint, { owner, max });
  }
}
