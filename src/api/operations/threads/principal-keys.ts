import { RequestInvalidError } from "../errors.ts";

const KEY = /^a2a (?<principal>[^ ]+) /;

/** Key of a thread that only one principal can name over Agent2Agent. */
export const principalKey = (principalId: string, name: string): string => `a2a ${principalId} ${name}`;

/** Returns the id of the principal to which a key of a thread belongs; undefined for a key that belongs to none. */
export const principalOfKey = (key: string | null | undefined): string | undefined =>
  KEY.exec(key ?? "")?.groups?.["principal"];

/** Throws RequestInvalidError for a key that belongs to another principal. */
export function refuseKeyOfAnother(key: string | undefined, principalId: string): void {
  const owner = principalOfKey(key);
  if (owner === undefined || owner === principalId) return;
  const problems = ["key: it belongs to a context of another principal"];
  throw new RequestInvalidError("the request does not fit: the key is reserved", "Choose another key.", { problems });
}
