import { FipaContentError } from "./errors.ts";

const BOUNDARY = /^multipart\/mixed\s*;(?:[^"]*;)?\s*boundary\s*=\s*(?:"([^"\r\n]{1,70})"|([^\s;"]{1,70}))/i;
const GAP = Buffer.from("\r\n\r\n");

export type Part = { readonly contentType: string; readonly body: Buffer };

/** The two parts of a message on the transport, envelope and payload. Throws FipaContentError. */
export function readParts(contentType: string, body: Buffer): readonly [Part, Part] {
  const [, quoted, bare] = BOUNDARY.exec(contentType) ?? [];
  const boundary = quoted ?? bare;
  if (boundary === undefined) throw new FipaContentError("the request is not multipart/mixed with a boundary");
  const separator = Buffer.from(`--${boundary}`);
  // A separator starts a line, so the search includes the newline before it.
  const atLine = Buffer.from(`\n--${boundary}`);
  const marks = body.subarray(0, separator.length).equals(separator) ? [0] : [];
  for (let at = body.indexOf(atLine); at !== -1 && marks.length < 3; at = body.indexOf(atLine, at + atLine.length))
    marks.push(at + 1);
  const [first, second, third] = marks;
  if (first === undefined || second === undefined || third === undefined)
    throw new FipaContentError("the request does not have its two parts");
  return [
    readPart(body.subarray(first + separator.length, second)),
    readPart(body.subarray(second + separator.length, third)),
  ];
}

function readPart(section: Buffer): Part {
  const gap = section.indexOf(GAP);
  if (gap === -1) throw new FipaContentError("a part has no empty line after its head");
  const head = section.toString("latin1", 0, gap);
  const contentType = /^content-type\s*:\s*(.+)$/im.exec(head)?.[1]?.trim() ?? "";
  // The line end before the separator belongs to the separator.
  const end = section.subarray(-2).toString("latin1") === "\r\n" ? section.length - 2 : section.length - 1;
  return { contentType, body: section.subarray(gap + GAP.length, Math.max(gap + GAP.length, end)) };
}

/** The body of a request with both parts. */
export function writeParts(boundary: string, envelope: string, payload: Uint8Array): Buffer {
  const head = `This is not part of the MIME multipart/mixed encoded message.\r\n--${boundary}\r\nContent-Type: application/xml\r\n\r\n${envelope}\r\n--${boundary}\r\nContent-Type: application/text; charset=UTF-8\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), payload, Buffer.from(`\r\n--${boundary}--\r\n`)]);
}
