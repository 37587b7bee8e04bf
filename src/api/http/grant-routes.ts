import * as z from "zod";
import { grants, ROUTES } from "../contract/index.ts";
import { listGrantUses } from "../operations/index.ts";
import type { Http, HttpContext } from "./context.ts";
import { failures } from "./responses.ts";

export function grantRoutes(http: Http, { services }: HttpContext): void {
  http.get(
    ROUTES.toolServerUses,
    {
      schema: {
        tags: ["tools"],
        summary: "What a tool server used of its grants, and what it was refused",
        params: z.object({ name: z.string() }),
        querystring: grants.GrantUseQuery,
        response: { 200: grants.GrantUsePage, ...failures },
      },
    },
    async ({ params: { name }, query }) => listGrantUses(services, name, query),
  );
}
