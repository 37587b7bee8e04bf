/** Of UTF-8; file systems take 255, which leaves room for a number behind the name. */
const NAME_BYTES_MAX = 200;
const EXTENSION_CHARS_MAX = 12;

/** A file name that is a single path segment, printable and not hidden, of 1 to 200 bytes. */
export function safeFileName(name: string): string {
  const last = name.split(/[/\\]/).at(-1) ?? "";
  const cleaned = last
    .normalize("NFC")
    // Control and format characters, and what file systems or shells give a meaning.
    .replaceAll(/[\p{C}:*?"<>|]/gu, "_")
    .replace(/^[\s.]+/, "")
    .trimEnd();
  if (Buffer.byteLength(cleaned) <= NAME_BYTES_MAX) return cleaned || "file";
  const dot = cleaned.lastIndexOf(".");
  const extension = dot > 0 && cleaned.length - dot <= EXTENSION_CHARS_MAX ? cleaned.slice(dot) : "";
  const stem = cleaned.slice(0, cleaned.length - extension.length);
  return cutToBytes(stem, NAME_BYTES_MAX - Buffer.byteLength(extension)).trimEnd() + extension;
}

/** The longest beginning of at most so many bytes that splits no character. */
function cutToBytes(text: string, bytesMax: number): string {
  let bytes = 0;
  let end = 0;
  for (const character of text) {
    bytes += Buffer.byteLength(character);
    if (bytes > bytesMax) break;
    end += character.length;
  }
  return text.slice(0, end);
}
