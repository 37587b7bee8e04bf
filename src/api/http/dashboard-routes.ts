import { createReadStream, existsSync } from "node:fs";
import { stat } from "node:fs/promises";
import { extname, join, normalize, sep } from "node:path";
import type { FastifyReply, FastifyRequest } from "fastify";
import { DOCUMENTS } from "../contract/index.ts";
import { RequestInvalidError } from "../operations/index.ts";
import { DashboardNotBuiltError } from "./errors.ts";
import type { Http, HttpContext } from "./context.ts";

const TYPES: { readonly [extension: string]: string } = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".json": "application/json",
  ".png": "image/png",
  ".ico": "image/x-icon",
  ".woff2": "font/woff2",
  ".map": "application/json",
  ".txt": "text/plain; charset=utf-8",
};

const SECURITY = {
  "content-security-policy":
    "default-src 'self'; style-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin",
  "cross-origin-opener-policy": "same-origin",
} as const;

/** The dashboard: built files, compressed ahead of time; any other path below /ui/ is the application's own and gets its page. */
export function dashboardRoutes(http: Http, { options: { dashboardDirectory } }: HttpContext): void {
  if (dashboardDirectory === undefined) return;
  http.get("/", { schema: { hide: true } }, async (_request, reply) => reply.redirect(DOCUMENTS.dashboard));
  http.get("/ui", { schema: { hide: true } }, async (_request, reply) => reply.redirect(DOCUMENTS.dashboard));
  http.get("/ui/*", { schema: { hide: true } }, async (request, reply) =>
    sendAsset(dashboardDirectory, request, reply),
  );
}

async function sendAsset(directory: string, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const path = normalize(decoded(new URL(request.url, "http://dashboard").pathname.slice(DOCUMENTS.dashboard.length)));
  const wanted = join(directory, path);
  const inside = wanted.startsWith(directory + sep);
  const file = inside && extname(path) !== "" && existsSync(wanted) ? wanted : join(directory, "index.html");
  if (!existsSync(file)) {
    throw new DashboardNotBuiltError("the dashboard is not built", "Run: npm run build -w dashboard", {});
  }
  const { file: encoded, encoding } = bestEncoding(file, request.headers["accept-encoding"] ?? "");
  if (encoding) reply.header("content-encoding", encoding);
  const hashed = /-[\w-]{8,}\.\w+$/.test(file);
  return reply
    .headers(SECURITY)
    .header("vary", "accept-encoding")
    .header("cache-control", hashed ? "public, max-age=31536000, immutable" : "no-cache")
    .header("content-length", (await stat(encoded)).size)
    .type(TYPES[extname(file)] ?? "application/octet-stream")
    .send(createReadStream(encoded));
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch (error) {
    const message = `the path ${path} cannot be decoded`;
    throw new RequestInvalidError(message, "Write % as %25.", { problems: [message] }, { cause: error });
  }
}

function bestEncoding(
  file: string,
  accepted: string,
): { readonly file: string; readonly encoding: string | undefined } {
  if (/\bbr\b/.test(accepted) && existsSync(`${file}.br`)) return { file: `${file}.br`, encoding: "br" };
  if (/\bgzip\b/.test(accepted) && existsSync(`${file}.gz`)) return { file: `${file}.gz`, encoding: "gzip" };
  return { file, encoding: undefined };
}
