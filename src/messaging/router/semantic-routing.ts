import { type Message, type MessageError, type NearestCapability } from "../acl/index.ts";
import { type Addressing, type CapabilityEmbeddings } from "./addressing/index.ts";

/** The result of searching a similar capability. */
export type SemanticMatch = {
  /** With the capability that was taken, when there is one. */
  readonly message: Message;
  readonly nearest: NearestCapability | undefined;
  /** The error for the sender if no capability is similar. */
  readonly error: MessageError;
};

/** Routes messages for capabilities without a provider by the meaning of the capability's name. */
export class SemanticRouting {
  readonly #meaning: CapabilityEmbeddings;
  readonly #addressing: Addressing;

  constructor(meaning: CapabilityEmbeddings, addressing: Addressing) {
    this.#meaning = meaning;
    this.#addressing = addressing;
  }

  /** Undefined if the capability has a provider, or was searched before. Never rejects. */
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
