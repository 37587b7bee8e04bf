import type { Config } from "./config-schema.ts";
import { REFERENCE } from "../../text/references/index.ts";
import type { McpServerTable } from "./protocols-config.ts";

const HIDDEN = "[hidden]";
const hideTexts = (values: { readonly [name: string]: string }): { [name: string]: string } =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, hide(value)]));

/** A reference may be shown, though not what it falls back to; what is written out may be a secret. */
function hide(value: string): string {
  let shown = "";
  let end = 0;
  for (const match of value.matchAll(REFERENCE)) {
    const [whole, kind = "", target = "", fallback] = match;
    shown += hideLiteral(value.slice(end, match.index));
    shown += `\${${kind}:${target}${fallback === undefined || fallback === "" ? "" : `:-${HIDDEN}`}}`;
    end = match.index + whole.length;
  }
  return shown + hideLiteral(value.slice(end));
}

/** Harmless text before a reference: the scheme of a header or the name of an option. */
const PLAIN = /^(?:(?:bearer|basic|token) +|--?[a-z-]+=)$/i;
const hideLiteral = (text: string): string => (text === "" || PLAIN.test(text) ? text : HIDDEN);

/** Returns a URL without user and query. */
function hideInUrl(url: string): string {
  const [, scheme, place = "", query = ""] = /^([a-z][a-z0-9+.-]*:\/\/)(?:[^/?#]*@)?([^?#]*)(.*)$/is.exec(url) ?? [];
  if (scheme === undefined) return hide(url);
  return `${scheme}${place}${query === "" ? "" : `?${HIDDEN}`}`;
}

type Auth = NonNullable<McpServerTable["auth"]>;
const shownAuth = ({ token, client_secret: secret, token_url: tokenUrl, ...auth }: Auth): Auth => ({
  ...auth,
  ...(token === undefined ? {} : { token: hide(token) }),
  ...(secret === undefined ? {} : { client_secret: hide(secret) }),
  ...(tokenUrl === undefined ? {} : { token_url: hideInUrl(tokenUrl) }),
});

type Login = NonNullable<Config["access"]["jwt"][string]["login"]>;
const shownLogin = ({ client_secret: secret, ...login }: Login): Login => ({
  ...login,
  ...(secret !== undefined && { client_secret: hide(secret) }),
});

/** Returns the configuration with possible secrets of identity and MCP servers hidden, as clients may see it. */
export const publicConfig = (config: Config): Config => ({
  ...config,
  access: {
    ...config.access,
    jwt: Object.fromEntries(
      Object.entries(config.access.jwt).map(([name, { login, ...table }]) => [
        name,
        { ...table, ...(login !== undefined && { login: shownLogin(login) }) },
      ]),
    ),
  },
  mcp_servers: Object.fromEntries(
    Object.entries(config.mcp_servers).map(([name, { auth, url, ...table }]) => [
      name,
      {
        ...table,
        ...(url === undefined ? {} : { url: hideInUrl(url) }),
        args: table.args.map(hide),
        headers: hideTexts(table.headers),
        env: hideTexts(table.env),
        ...(auth === undefined ? {} : { auth: shownAuth(auth) }),
      },
    ]),
  ),
});
