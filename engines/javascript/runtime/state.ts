import { ask } from "./operations.ts";
import { bytesOf, type BytesLike, textOf, utf8 } from "./text.ts";

type ListOptions = { readonly prefix?: string; readonly limit?: number; readonly cursor?: string };
type ListedKey = { readonly key: string; readonly bytes: number; readonly updated_at: string };

const LIST_LIMIT = 100;

function bytesAt(key: string): Uint8Array<ArrayBuffer> | undefined {
  const { head, body } = ask("state.get", { key });
  return head["found"] === true ? body : undefined;
}

/** What a tool keeps from call to call: small values under keys, in the server's store. */
export const state = {
  async get(key: string): Promise<unknown> {
    const bytes = bytesAt(key);
    return bytes === undefined ? undefined : JSON.parse(textOf(bytes));
  },
  async set(key: string, value: unknown): Promise<void> {
    const text = JSON.stringify(value);
    if (text === undefined) throw new TypeError("state keeps what JSON can hold; delete a key to forget it");
    ask("state.set", { key }, utf8(text));
  },
  async getBytes(key: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    return bytesAt(key);
  },
  async setBytes(key: string, value: BytesLike): Promise<void> {
    ask("state.set", { key }, bytesOf(value));
  },
  async delete(key: string): Promise<boolean> {
    return ask("state.delete", { key }).head["deleted"] === true;
  },
  async list({ prefix = "", limit = LIST_LIMIT, cursor }: ListOptions = {}): Promise<{
    keys: object[];
    next?: string;
  }> {
    const { head } = ask("state.list", { prefix, limit, ...(cursor === undefined ? {} : { cursor }) });
    const keys = Array.isArray(head["keys"]) ? head["keys"] : [];
    const next = head["next"];
    return {
      keys: keys.map(({ key, bytes, updated_at }: ListedKey) => ({ key, bytes, updatedAt: updated_at })),
      ...(typeof next === "string" ? { next } : {}),
    };
  },
};
