import * as z from "zod";
import { canonicalJson, parseJson } from "../../kernel/json.ts";
import { ChainVerifier, type Verification } from "./chain-verifier.ts";
import { type AuditItem, lineOf, readItem } from "./record.ts";
import { checkerOf } from "./signing-key.ts";

/** The first line of an export. */
const Header = z.strictObject({ format: z.literal("caxton-audit/1"), last_seq: z.int(), public_key: z.string() });

/** The lines of an export: a header, then records and checkpoints. */
export async function* exportLines(
  items: AsyncIterable<AuditItem>,
  { lastSeq, publicKey }: { readonly lastSeq: number; readonly publicKey: string },
): AsyncGenerator<string, void, undefined> {
  yield `${canonicalJson({ format: "caxton-audit/1", last_seq: lastSeq, public_key: publicKey })}\n`;
  for await (const item of items) yield lineOf(item);
}

/** Splits a text at line feeds only: other separators may be in names. */
async function* linesOf(pieces: AsyncIterable<string>): AsyncGenerator<string, void, undefined> {
  let rest = "";
  for await (const piece of pieces) {
    const lines = (rest + piece).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
  if (rest !== "") yield rest;
}

/** Verifies the text of an export without a server. `publicKey` is that of the header; undefined if the file is not an export. */
export async function verifyExport(
  pieces: AsyncIterable<string>,
): Promise<(Verification & { readonly publicKey: string }) | undefined> {
  let verifier: ChainVerifier | undefined;
  let header: z.infer<typeof Header> | undefined;
  let isClosed = true;
  for await (const line of linesOf(pieces)) {
    if (verifier === undefined) {
      const parsed = parseJson(line);
      header = Header.safeParse(parsed.type === "parsed" ? parsed.value : undefined).data;
      const checker = header && checkerOf(header.public_key);
      if (checker === undefined) return undefined;
      verifier = new ChainVerifier(checker);
      continue;
    }
    const item = readItem(line);
    isClosed = item?.type === "checkpoint";
    if (item === undefined) verifier.fail("the line is not a record");
    if (item === undefined || !verifier.add(item)) break;
  }
  if (verifier === undefined || header === undefined) return undefined;
  const { last, broken } = verifier.end();
  if (broken === undefined && last !== header.last_seq) verifier.fail("the record is missing");
  if (broken === undefined && !isClosed) verifier.fail("the checkpoint of the last record is missing");
  return { ...verifier.end(), publicKey: header.public_key };
}
