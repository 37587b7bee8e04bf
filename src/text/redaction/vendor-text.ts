const MESSAGE_CHARS_MAX = 600;

/** Things that look like keys: a server may quote the key it was sent, or one of its own. */
const KEY_SHAPES = /\b(?:sk|pk|rk|gsk|xai|key|ghp|hf)[-_][\w*.-]{6,}|\bBearer\s+[\w.~+/=*-]{6,}/gi;

/** Text of a server that may be shown: the secrets given and everything key-shaped replaced, on one line, at most 600 characters. */
export function redact(text: string, secrets: readonly string[]): string {
  let shown = text.replaceAll(/\s+/g, " ").trim();
  for (const secret of secrets) if (secret.length >= 4) shown = shown.replaceAll(secret, "[redacted]");
  shown = shown.replaceAll(KEY_SHAPES, "[redacted]");
  return shown.length > MESSAGE_CHARS_MAX ? `${shown.slice(0, MESSAGE_CHARS_MAX - 1)}…` : shown;
}
