import { type Message, type MessageError, type NearestCapability } from "../acl/index.ts";
import { type Addressing, type CapabilityEmbeddings } from "./addressing/index.ts";

/** What came of looking for a capability near to the one asked for. */
export type SemanticMatch = {
  /** With the capability that was taken, when there is one. */
  readonly message: Message;
  readonly nearest: NearestCapability | undefined;
  /** What its sender is told when there is none. */
  readonly error: MessageError;
};

/** Messages to capabilities that nobody provides, by what the capability's name means. */
export class SemanticRouting {
  readonly #meaning: CapabilityEmbeddings;
  readonly #addressing: Addressing;

  constructor(meaning: CapabilityEmbeddings, addressing: Addressing) {
    this.#meaning = meaning;
    this.#addressing = addressing;
  }

  /** Undefined when there is nothing to look for: somebody does provide it, or it was looked for already. Never rejects. */
  look(message: Message, error: MessageError): Promise<SemanticMatch> | undefined {
    const { address } = message;
    if (error.code !== "NO_CAPABILITY_PROVIDERS" || address.type !== "capability") return undefined;
    if (address.nearest !== undefined || this.#addressing.isProvided(message, address.capability)) return undefined;
    return this.#look(message, { asked: address.capability, error });
  }

  async #look(message: Message, { asked, error }: { asked: string; error: MessageError }): Promise<SemanticMatch> {
    const { near, related } = await this.#meaning.nearest(asked, this.#addressing.provided(message));
    const [nearest] = near;
    const { address } = message;
    if (nearest === undefined || address.type !== "capability") {
      return { message, nearest: undefined, error: withRelated(error, related) };
    }
    const taken = { capability: nearest.capability, similarity: rounded(nearest.similarity) };
    return { message: { ...message, address: { ...address, nearest: taken } }, nearest: taken, error };
  }

  /** Nothing is looked for any more. */
  close(): Promise<void> {
    return this.#meaning.close();
  }
}

/** What is near in meaning, besides what is written alike. */
function withRelated(error: MessageError, related: readonly NearestCapability[]): MessageError {
  if (related.length === 0) return error;
  const similar = related.map((each) => ({ ...each, similarity: rounded(each.similarity) }));
  const named = similar.map(({ capability, similarity }) => `${capability} (${similarity})`);
  const hint = `${error.hint} Near in meaning, but not near enough: ${named.join(", ")}.`;
  return { ...error, hint, details: { ...error.details, similar } };
}

const rounded = (similarity: number): number => Math.round(similarity * 1_000) / 1_000;
