import { CaxtonError } from "../../kernel/errors.ts";

/** A stored secret cannot be decrypted. */
export class SecretUnreadableError extends CaxtonError<{ readonly name: string; readonly file: string }> {
  readonly code = "SECRET_UNREADABLE";
  readonly kind = "rejected";
  constructor(name: string, why: string, file: string) {
    super(
      `the stored secret ${name} cannot be read: ${why}`,
      `Restore the master key in ${file} (secrets.key_file) and restart the server, or store the secret again: caxton secret delete ${name}, caxton secret set ${name}.`,
      { name, file },
    );
  }
}

/** The file of the master key cannot be read or written. */
export class SecretKeyFileError extends CaxtonError<{ readonly file: string }> {
  readonly code = "SECRET_KEY_FILE_INVALID";
  readonly kind = "rejected";
  constructor(file: string, why: string, options?: ErrorOptions) {
    super(
      `the master key of the secrets in ${file} cannot be used: ${why}`,
      "The file secrets.key_file has one key per line, 32 random bytes in base64: openssl rand -base64 32.",
      { file },
      options,
    );
  }
}

export class SecretNotFoundError extends CaxtonError<{ readonly name: string }> {
  readonly code = "SECRET_NOT_FOUND";
  readonly kind = "not-found";
  constructor(name: string, place: string) {
    super(`there is no secret ${name} ${place}`, "caxton secret list shows the secrets.", { name });
  }
}

/** The value of a secret is too short or too long. */
export class SecretValueInvalidError extends CaxtonError {
  readonly code = "SECRET_VALUE_INVALID";
  readonly kind = "invalid";
  constructor(why: string) {
    super(`the value of the secret ${why}`, "A value has 8 characters to 64 KiB of text.", {});
  }
}

export class SecretsFullError extends CaxtonError {
  readonly code = "SECRETS_FULL";
  readonly kind = "exhausted";
  constructor(max: number, bytesMax: number) {
    super(
      `a server stores at most ${max} secrets with ${bytesMax / 1024} KiB together`,
      "Delete some that are not needed: caxton secret list.",
      { max, bytes_max: bytesMax },
    );
  }
}
