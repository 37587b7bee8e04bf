import * as z from "zod";
import { Identity } from "./keys.ts";
import { operation } from "../operation.ts";

const COMMON = { tags: ["access"], permission: "access:self", effect: "write", surfaces: ["rest"] } as const;
const PATH = "/api/v1/session";

export const create = operation({
  ...COMMON,
  name: "session.create",
  summary: "Log in: create a browser session",
  description:
    "The request is authenticated by an API key, a user's token or a login link; the response sets the cookie `__Host-caxton`. The session of a key has its permissions and ends with it. The cookie is accepted only from the server's own pages, and a request other than GET needs the header `X-Caxton-CSRF` with `session.csrf_token`.",
  http: { method: "POST", path: PATH },
  retry: "never",
  keepsAnswer: false,
  output: Identity,
});

const remove = operation({
  ...COMMON,
  name: "session.delete",
  isUrgent: true,
  summary: "Log out: end the browser session of this request",
  http: { method: "DELETE", path: PATH },
  output: z.object({
    ended: z.boolean(),
    provider: z.string().nullable().meta({ description: "Path that ends the session at the identity provider too" }),
  }),
});

export { remove as delete };
