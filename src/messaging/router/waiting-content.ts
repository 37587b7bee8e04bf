import { hashOfKept } from "../acl/index.ts";
import { type Recipients } from "./mailboxes/index.ts";
import { type MessageJournal } from "./ports/index.ts";

/** Messages read in one go. */
const PAGE = 500;
const REFERENCE = /"sha256-[0-9a-f]{64}"/g;

/** Hashes of the contents that messages in mailboxes refer to. Reads what waits from the journal. */
export async function waitingContent(
  recipients: Pick<Recipients, "all">,
  journal: Pick<MessageJournal, "read">,
): Promise<ReadonlySet<string>> {
  const seqs = new Set<number>();
  for (const { mailbox } of recipients.all()) for (const seq of mailbox.seqs()) seqs.add(seq);
  const all = [...seqs].toSorted((one, other) => one - other);
  const hashes = new Set<string>();
  for (let at = 0; at < all.length; at += PAGE) {
    for (const { body } of await journal.read(all.slice(at, at + PAGE)))
      for (const [quoted] of body.matchAll(REFERENCE)) hashes.add(hashOfKept(quoted.slice(1, -1)) ?? "");
  }
  return hashes;
}
