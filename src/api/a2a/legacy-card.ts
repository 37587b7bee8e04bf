import { AgentCard } from "@a2a-js/sdk";
import { duplicateInterfacesForLegacy } from "@a2a-js/sdk/compat/v0_3";
import { LegacyRestTransportHandler } from "@a2a-js/sdk/compat/v0_3/server";
import { ServerCallContext } from "@a2a-js/sdk/server";
import { isJsonObject, type Json, JsonObject } from "../../kernel/json.ts";
import { LEGACY_VERSION, type Version } from "./versions.ts";

/** With the addresses of version 0.3, which is served as JSON-RPC; unsigned, since signatures are of the form of version 1.0. */
export const withLegacyInterfaces = (card: AgentCard): AgentCard => ({
  ...card,
  supportedInterfaces: duplicateInterfacesForLegacy(card.supportedInterfaces, ["JSONRPC"]),
  signatures: [],
});

async function legacyCard(card: AgentCard): Promise<JsonObject> {
  const given = { getAuthenticatedExtendedAgentCard: async () => withLegacyInterfaces(card) };
  const translator = new LegacyRestTransportHandler(Object(given));
  const context = new ServerCallContext({ requestedVersion: LEGACY_VERSION });
  return asJson(await translator.getAuthenticatedExtendedAgentCard(context));
}

/** The JSON of a card in a version. A client that names none, as those of version 0.3, gets one that both versions read. */
export async function cardJson(card: AgentCard, version: Version | undefined): Promise<Json> {
  if (version === LEGACY_VERSION) return legacyCard(card);
  const json = asJson(AgentCard.toJSON(card));
  return version === undefined ? merged(json, await legacyCard(card)) : json;
}

/** Adds what `other` has more; lists are merged item by item. */
function merged(one: Json, other: Json | undefined): Json {
  if (other === undefined) return one;
  if (Array.isArray(one)) return Array.isArray(other) ? one.map((item, index) => merged(item, other[index])) : one;
  if (!isJsonObject(one) || !isJsonObject(other)) return one;
  const common = Object.entries(one).map(([name, value]) => [name, merged(value, other[name])] as const);
  return { ...other, ...Object.fromEntries(common) };
}

const asJson = (value: unknown): JsonObject => JsonObject.parse(JSON.parse(JSON.stringify(value)));
