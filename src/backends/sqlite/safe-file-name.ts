const NAME_CHARS_MAX = 120;

/** A file name that is a single path segment, printable and not hidden; never empty. */
export function safeFileName(name: string): string {
  const last = name.split(/[/\\]/).at(-1) ?? "";
  const cleaned = last
    .normalize("NFC")
    // Control and format characters, and what file systems or shells give a meaning.
    .replaceAll(/[\p{C}:*?"<>|]/gu, "_")
    .replace(/^\.+/, "")
    .trim();
  if (cleaned.length <= NAME_CHARS_MAX) return cleaned || "file";
  const dot = cleaned.lastIndexOf(".");
  const extension = dot > 0 && cleaned.length - dot <= 12 ? cleaned.slice(dot) : "";
  return cleaned.slice(0, NAME_CHARS_MAX - extension.length) + extension;
}
