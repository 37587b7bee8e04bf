/** One part of a form: a field, or a file if it has a file name. `content` shares the memory of the body. */
export type FormPart = { readonly fileName: string | undefined; readonly content: Buffer<ArrayBuffer> };

const HEADER_BYTES_MAX = 8 * 1024;
const PARTS_MAX = 20;

/**
 * Reads a multipart/form-data body without copying it, since a module is large and the parser of `Response` keeps the
 * event loop busy with it. Returns the parts by name, or what is wrong with the body.
 */
export function readForm(contentType: string, body: Buffer<ArrayBuffer>): ReadonlyMap<string, FormPart> | string {
  const [, quoted, plain] = /;\s*boundary=(?:"([^"]+)"|([^\s;]+))/i.exec(contentType) ?? [];
  const boundary = quoted ?? plain;
  if (boundary === undefined) return "the content type names no boundary";
  const delimiter = `\r\n--${boundary}`;
  const parts = new Map<string, FormPart>();
  // The first delimiter may stand at the very beginning, without a line break before it.
  const first = body.indexOf(delimiter.slice(2));
  if (first === -1) return "it has no parts";
  let at = first + delimiter.length - 2;
  while (body.toString("latin1", at, at + 2) !== "--") {
    const head = body.subarray(at, at + HEADER_BYTES_MAX).indexOf("\r\n\r\n");
    const end = head === -1 ? -1 : body.indexOf(delimiter, at + head + 2);
    if (end === -1) return "a part does not end";
    const [, disposition = ""] =
      /\r\ncontent-disposition:\s*form-data([^\r]*)/i.exec(body.toString("utf8", at, at + head)) ?? [];
    const name = parameter(disposition, "name");
    if (name === undefined || parts.size >= PARTS_MAX) return `a part has no name, or there are over ${PARTS_MAX}`;
    const content = body.subarray(Math.min(at + head + 4, end), end);
    parts.set(name, { fileName: parameter(disposition, "filename"), content });
    at = end + delimiter.length;
  }
  return parts;
}

const parameter = (disposition: string, name: string): string | undefined => {
  const [, quoted, plain] = new RegExp(`;\\s*${name}=(?:"([^"]*)"|([^\\s;]+))`, "i").exec(disposition) ?? [];
  return quoted ?? plain;
};
