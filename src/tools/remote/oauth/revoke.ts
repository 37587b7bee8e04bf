import { type FetchLike, selectClientAuthMethod } from "@modelcontextprotocol/client";
import * as z from "zod";
import type { Credential } from "./records.ts";

const Revocation = z.looseObject({ revocation_endpoint: z.url().optional().catch(undefined) });

/** Asks the authorization server to forget a sign-in (RFC 7009). Returns whether it did. Rejects if it cannot be reached. */
export async function revokeTokens({ tokens, metadata, client }: Credential, send: FetchLike): Promise<boolean> {
  const { revocation_endpoint: place } = Revocation.parse(metadata ?? {});
  if (place === undefined || tokens === undefined) return false;
  const form = new URLSearchParams(
    tokens.refresh === undefined
      ? { token: tokens.access, token_type_hint: "access_token" }
      : { token: tokens.refresh, token_type_hint: "refresh_token" },
  );
  const { client_id: id, client_secret: secret = "" } = client;
  const headers = new Headers({ accept: "application/json", "content-type": "application/x-www-form-urlencoded" });
  const methods = metadata?.token_endpoint_auth_methods_supported ?? [];
  if (selectClientAuthMethod(client, methods) === "client_secret_basic") {
    const pair = `${encodeURIComponent(id)}:${encodeURIComponent(secret)}`;
    headers.set("authorization", `Basic ${Buffer.from(pair).toString("base64")}`);
  } else {
    form.set("client_id", id);
    if (secret !== "") form.set("client_secret", secret);
  }
  const { ok } = await send(place, { method: "POST", headers, body: form });
  return ok;
}
