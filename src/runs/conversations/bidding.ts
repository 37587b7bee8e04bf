import { isJsonObject, type JsonObject, parseJson } from "../../kernel/json.ts";
import type { Message } from "../../messaging/acl/index.ts";
import { findProtocol } from "../../messaging/protocols/index.ts";
import type { RunMessage } from "../record/index.ts";
import { textOf } from "./content.ts";

/** Price in a call for bids: a bid at this price, or a sealed bid of at least this price. */
export type Call = { readonly price: number; readonly isSealed: boolean };

const ENGLISH = "fipa-auction-english";
const AUCTIONS: ReadonlySet<string | undefined> = new Set([ENGLISH, "fipa-auction-dutch"]);

const protocolOf = (name: string | null | undefined): string | undefined => {
  const named = typeof name === "string" ? findProtocol(name) : undefined;
  return named?.type === "known" ? named.protocol.name : undefined;
};

/** The call of an auction; undefined for any other message. */
export function callIn(
  { performative, protocol }: Pick<RunMessage, "performative" | "protocol">,
  text: string,
): Call | undefined {
  if (performative !== "cfp") return undefined;
  const { auction, price, reserve } = objectIn(text) ?? {};
  if (typeof price === "number" && AUCTIONS.has(protocolOf(protocol))) return { price, isSealed: false };
  return auction === "sealed" && typeof reserve === "number" ? { price: reserve, isSealed: true } : undefined;
}

/** The price of a bid at a call by who pays at most `limit`; undefined: it passes. The limit of a sealed bid is the bid. */
export const bidUpTo = (limit: number, { price, isSealed }: Call): number | undefined =>
  limit < price ? undefined : isSealed ? limit : price;

const isPrice = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value);

/** The most that a run's answer to a call pays: at this call (`price`), or at each call of the auction (`max_price`). */
export function limitsIn(output: string): { readonly now: number | undefined; readonly always: number | undefined } {
  const { price, max_price: always } = objectIn(output) ?? {};
  return isPrice(always) ? { now: always, always } : { now: isPrice(price) ? price : undefined, always: undefined };
}

/**
 * Whether a message of an auction gives its recipient nothing to do: the opening, an acceptance that only says who leads, the
 * end for those who did not win.
 */
export function isOnlyNews({ protocol, performative, content }: Message, recipient: string): boolean {
  const name = protocolOf(protocol);
  if (!AUCTIONS.has(name)) return false;
  if (performative === "accept-proposal") return name === ENGLISH;
  if (performative !== "inform") return false;
  const winner = objectIn(textOf(content))?.["winner"];
  return typeof winner !== "string" || winner.toLowerCase() !== recipient.toLowerCase();
}

/** The JSON object in a text, also in a block of Markdown or between other words. */
function objectIn(text: string): JsonObject | undefined {
  const parsed = parseJson(text.slice(text.indexOf("{"), text.lastIndexOf("}") + 1));
  return parsed.type === "parsed" && isJsonObject(parsed.value) ? parsed.value : undefined;
}
