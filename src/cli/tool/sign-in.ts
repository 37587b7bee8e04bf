import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { Command } from "commander";
import * as z from "zod";
import { operations } from "../../api/contract/index.ts";
import {
  act,
  examples,
  type Invocation,
  InterruptedError,
  onInterrupt,
  ONE_FORMATS,
  showOne,
  UsageError,
} from "../frame/index.ts";
import { safeText } from "../terminal/index.ts";
import { signInText } from "./detail.ts";

/** `caxton tool login` */
export function toolLogin(command: Command, invocation: Invocation): void {
  command
    .summary("sign in to a remote tool server")
    .description(
      "Sign in to a remote tool server that is configured with auth.type = oauth. Prints an address to open in a browser on this machine, and waits until the browser comes back. The server keeps the tokens, encrypted, and renews them.",
    )
    .argument("<server>", "name of the tool server")
    .option("--port <number>", "port on which this command waits for the browser; default: any that is free", Number);
  examples(command, [
    ["caxton tool login github", ""],
    ["caxton tool login github --port 8765", "for a client that is registered with http://127.0.0.1:8765/callback"],
  ]);
  act(command, invocation, {
    input: z.object({ server: z.string(), port: z.int().min(1).max(65_535).optional() }),
    formats: ONE_FORMATS,
    run: async (context, { server: name, port }) => {
      const { client, terminal } = context;
      const server = await listen(port ?? 0);
      try {
        const response = responseAt(server);
        const begun = await client.call(operations.toolServer.login, { name, redirect_uri: addressOf(server) });
        terminal.complain(`open ${safeText(begun.value.url)} in a browser on this machine and sign in`);
        const stopping = Promise.withResolvers<never>();
        using interrupt = onInterrupt(() => stopping.reject(new InterruptedError()));
        void interrupt;
        const given = await Promise.race([response, stopping.promise, until(begun.value.expires_at)]);
        const { raw, value } = await client.call(operations.toolServer.completeLogin, { name, ...given });
        const { sign_in: signIn } = value;
        await showOne(context, {
          raw,
          name: value.name,
          human: () => `${signIn === null ? "" : signInText(signIn)}\n`,
        });
      } finally {
        server.closeAllConnections();
        server.close();
      }
    },
  });
}

/** `caxton tool logout` */
export function toolLogout(command: Command, invocation: Invocation): void {
  command
    .summary("sign out of a remote tool server")
    .description(
      "Sign out of a remote tool server: its tokens are revoked, if its authorization server offers that, and deleted. Calls of its tools then need a new sign-in.",
    )
    .argument("<server>", "name of the tool server");
  examples(command, [["caxton tool logout github", ""]]);
  act(command, invocation, {
    input: z.object({ server: z.string() }),
    formats: ONE_FORMATS,
    run: async (context, { server }) => {
      const { raw, value } = await context.client.call(operations.toolServer.logout, { name: server });
      const how = value.revoked ? "the tokens are revoked" : "the tokens are deleted, and were not revoked";
      const human = value.was_signed_in ? `signed out  ${value.name}  ${how}\n` : `${value.name} was not signed in\n`;
      await showOne(context, { raw, name: value.name, human: () => human });
    },
  });
}

const CALLBACK = "/callback";

/** Throws UsageError if the port is taken. */
async function listen(port: number): Promise<Server> {
  const server = createServer();
  try {
    await once(server.listen(port, "127.0.0.1"), "listening");
  } catch (error) {
    throw new UsageError(
      `cannot listen on port ${port}: ${error instanceof Error ? error.message : String(error)}`,
      "caxton tool login",
    );
  }
  return server;
}

function addressOf(server: Server): string {
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("the listener has no port");
  return `http://127.0.0.1:${address.port}${CALLBACK}`;
}

const Response = z.object({
  state: z.string(),
  code: z.string().optional(),
  iss: z.string().optional(),
  error: z.string().optional(),
  error_description: z.string().optional(),
});

/** What the browser brings. A request without a state is not from the authorization server. */
function responseAt(server: Server): Promise<z.infer<typeof Response>> {
  const { promise, resolve } = Promise.withResolvers<z.infer<typeof Response>>();
  server.on("request", (request, answer) => {
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://127.0.0.1");
    const given = Response.safeParse(Object.fromEntries(searchParams));
    if (pathname !== CALLBACK || !given.success) {
      answer.writeHead(404).end();
      return;
    }
    answer.writeHead(200, { "content-type": "text/plain; charset=utf-8", connection: "close" });
    answer.end("The command continues. You can close this page.\n", () => resolve(given.data));
  });
  return promise;
}

/** Throws UsageError when the time is over. */
async function until(instant: string): Promise<never> {
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, Date.parse(instant) - Date.now())).unref());
  throw new UsageError("the sign-in was not completed in time", "caxton tool login");
}
