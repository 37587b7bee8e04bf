import { hostRefused, type HostRefused, type Caller } from "../../sandbox/index.ts";
import {
  type HttpGrant,
  patternAllows,
  readUrlPattern,
  targetOf,
  type UrlPattern,
  type UrlTarget,
} from "../../catalogue/index.ts";
import { isInDomains } from "../../../kernel/rights/domains.ts";
import { placeOf } from "./exchange.ts";

/** Leave to send a request; `isPrivate` when the name may lead to this machine or a private network. */
export type Permission =
  | { readonly type: "permitted"; readonly isPrivate: boolean; readonly isGranted: boolean }
  | HostRefused;

const patterns = new WeakMap<HttpGrant, UrlPattern>();
function patternOf(grant: HttpGrant): UrlPattern | undefined {
  const known = patterns.get(grant) ?? readUrlPattern(grant.url);
  if (known !== undefined) patterns.set(grant, known);
  return known;
}

const leads = (grant: HttpGrant, target: UrlTarget): boolean => {
  const pattern = patternOf(grant);
  return pattern !== undefined && patternAllows(pattern, target);
};

/** What an operator's leave for one call lets go where no grant does: nothing that is meant to change something there. */
const LOOKING: ReadonlySet<string> = new Set(["GET", "HEAD"]);

/** Whether a grant allows a method at a URL; `from` is what redirected there. */
export function permissionFor(caller: Caller, method: string, url: URL, from: URL | undefined): Permission {
  const { grants, context } = caller;
  const target = targetOf(url);
  if (target === undefined) return hostRefused("invalid", `${placeOf(url)} is no place to send a request to`);
  const restriction = restrictionOn(caller, url);
  if (restriction !== undefined) return hostRefused("denied", `${wayTo(url, from)}${restriction}`);
  const there = grants.http.filter((grant) => leads(grant, target));
  const all = there.filter(({ methods }) => methods.includes("*") || methods.includes(method));
  if (all.length > 0) {
    return { type: "permitted", isPrivate: all.some((grant) => grant.private), isGranted: true };
  }
  if (context.isPermissive === true && LOOKING.has(method))
    return { type: "permitted", isPrivate: false, isGranted: false };
  return hostRefused("denied", whyNot(caller, { method, url, from, there, isAmbiguous: target.isAmbiguous }));
}

const wayTo = (url: URL, from: URL | undefined): string =>
  from === undefined ? "" : `${placeOf(from)} redirects to ${placeOf(url)}: `;

/** Why the definition of the calling agent forbids a request, whatever the server is granted; undefined if it does not. */
function restrictionOn({ server, context: { restrictions, agent = "" } }: Caller, url: URL): string | undefined {
  if (restrictions === undefined) return undefined;
  if (!restrictions.network) return `the definition of ${agent} switches network access off`;
  const lists = [restrictions.domains, restrictions.servers[server]?.domains];
  const isAllowed = lists.every((domains) => domains === undefined || isInDomains(url.hostname, domains));
  return isAllowed ? undefined : `${url.hostname} is not among the allowed_domains of ${agent}`;
}

type Attempt = {
  readonly method: string;
  readonly url: URL;
  readonly from: URL | undefined;
  readonly there: readonly HttpGrant[];
  readonly isAmbiguous: boolean;
};

function whyNot(caller: Caller, { method, url, from, there, isAmbiguous }: Attempt): string {
  const what = `${wayTo(url, from)}${method} ${placeOf(url)} is not granted to \`${caller.server}\``;
  if (isAmbiguous && caller.grants.http.some((grant) => patternOf(grant)?.host === url.hostname)) {
    return `${what}: its path holds encoded separators or dots, so that it cannot be compared with the path of a grant`;
  }
  if (there.length > 0) {
    const methods = [...new Set([...there.flatMap((grant) => grant.methods), method])];
    return `${what}, which may only ${there.flatMap((grant) => grant.methods).join(", ")} there; ${addition(caller, url.origin, { methods })}`;
  }
  return `${what}; ${addition(caller, url.origin, method === "GET" || method === "HEAD" ? {} : { methods: ["GET", "HEAD", method] })}`;
}

/** The lines that would grant it. A list in caxton.toml replaces the tool's own, so what is granted already has to go along. */
export function addition(
  { server, grants }: Caller,
  origin: string,
  more: { readonly methods?: readonly string[]; readonly private?: boolean },
): string {
  const lines = [`[[tool_servers.${server}.grants.http]]`, `url = "${origin}"`];
  if (more.methods !== undefined) lines.push(`methods = [${more.methods.map((method) => `"${method}"`).join(", ")}]`);
  if (more.private === true) lines.push("private = true");
  const others = grants.http.map(({ url }) => url).filter((url) => url !== origin);
  const beside = others.length === 0 ? "" : ` beside a table for each of ${others.join(", ")}`;
  return `add to caxton.toml${beside}:\n${lines.join("\n")}`;
}
