import { type Json, type JsonObject, parseJson } from "../../kernel/json.ts";
import type { HookRequest } from "./verify-hook.ts";

/** Headers that contain secrets, or say nothing of the event. */
const HIDDEN = /auth|cookie|secret|token|signature|password|credential|api-?key|^(?:host|connection|content-length)$/i;
const HEADER_CHARS_MAX = 2_000;

/** The event for the template of the input: the headers without secrets, and the body. */
export function hookEvent(id: string, { headers, body }: HookRequest): JsonObject {
  const shown = Object.entries(headers).flatMap(([name, value]) =>
    HIDDEN.test(name) || value === undefined ? [] : [[name, String(value).slice(0, HEADER_CHARS_MAX)]],
  );
  return { id, headers: Object.fromEntries(shown), body: bodyOf(headers["content-type"] ?? "", body.toString()) };
}

/** JSON as a value, a form as an object, anything else as text. */
function bodyOf(mediaType: string, text: string): Json {
  if (mediaType.startsWith("application/x-www-form-urlencoded")) return Object.fromEntries(new URLSearchParams(text));
  const parsed = /[/+]json\b/.test(mediaType) ? parseJson(text) : undefined;
  return parsed?.type === "parsed" ? parsed.value : text;
}
