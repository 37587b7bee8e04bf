/** Hides secrets that are known and texts that look like what is to be hidden. */
export { isSecretName, KnownSecrets } from "./known-secrets.ts";
export { BUILT_IN_PATTERNS, type Pattern, readPattern } from "./patterns.ts";
export { Redactor } from "./redactor.ts";
export { type Secret, Redaction, SECRET_CHARS_MIN, type Secrets } from "./secrets.ts";
export { redact } from "./vendor-text.ts";
